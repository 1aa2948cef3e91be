import fc from 'fast-check';

import type { Operations } from '../../src/simulator/operations.js';

/* Histories of a cloud: what befalls its servers between readings, and in the midst of one. */

const LARGE = { flavorName: 'm1.large', vcpus: 8, ramMb: 16_384, diskGb: 80 };

interface Choice {
  n: number;
  /** Whose a new server is. */
  project: string;
}

/** Each on the nth server; what its status does not allow does not happen. */
export const DEEDS = {
  boot: (on, _, { n, project }) => void on.boot({ projectId: project, vcpus: 1 + (n % 3), ramMb: 512 }),
  assign: (on, id) => void on.assign(id),
  schedule: (on, id) => void on.schedule(id),
  activate: (on, id) => void on.activate(id),
  noHost: (on, id) => void on.noHost(id),
  stop: (on, id) => void on.stop(id),
  start: (on, id) => void on.start(id),
  reboot: (on, id) => void on.reboot(id, 'hard'),
  rebooted: (on, id) => void on.rebooted(id),
  pause: (on, id) => void on.pause(id),
  resize: (on, id) => void on.resize(id, LARGE),
  confirm: (on, id) => void on.confirm(id),
  revert: (on, id) => void on.revert(id),
  shelve: (on, id) => void on.shelve(id),
  unshelve: (on, id) => void on.unshelve(id),
  rebuild: (on, id) => void on.rebuild(id),
  rebuilt: (on, id) => void on.rebuilt(id),
  softDelete: (on, id) => void on.softDelete(id),
  restore: (on, id) => void on.restore(id),
  destroy: (on, id) => on.destroy(id),
  tag: (on, id) => void on.tag(id),
  archive: (on) => void on.archive(),
  /** Deleted, and its row taken from the database before anybody looks. */
  purge: (on, id) => {
    on.destroy(id);
    on.archive();
  },
  /** Made, and up before anybody looks. */
  launch: (on, _, { n, project }) => {
    const { id } = on.boot({ projectId: project, vcpus: 1 + (n % 3), ramMb: 512 });
    on.schedule(id);
    on.activate(id);
  },
  /** Made, and in its cell before anybody looks. */
  bootAtOnce: (on, _, { project }) => on.assign(on.boot({ projectId: project, vcpus: 1, ramMb: 512 }).id),
} satisfies Record<string, (on: Operations, id: string, choice: Choice) => void>;

export type Deed = { deed: keyof typeof DEEDS; n: number };
export type Step =
  /** What befalls servers between two collections. */
  | { deeds: Deed[] }
  /** Minutes go by. */
  | { minutes: number }
  /** A collection, or another one that begins in the midst of it, before whose nth request something happens. */
  | { during: Deed[]; isTwice: boolean }
  /** A collection whose nth request fails, and all behind it, or not; or is cut by the end of its time. */
  | { failAt: number; isOnce: boolean; isOver: boolean }
  /** What befalls servers; minutes; and a collection in which some are not read, or nobody tells of changes, by the bits. */
  | { deeds: Deed[]; minutes: number; some: number }
  /** Who tells others what changed gets another role: Nova shows it less, or all again. */
  | { role: string };

/** Who reads what, and with whose help: see `LAYOUTS`. */
export type Kind = 'project' | 'cloud' | 'told' | 'picked' | 'both';

export interface Setup {
  kind: Kind;
  /** The cloud's API is so far ahead of the rest of it, in seconds. */
  skew: number;
  /** On a page, at most. */
  rows: number;
  /** Whether listings are confirmed by Nova's usage report, rather than read in full. */
  isConfirmed: boolean;
  /** How long requests are under way, one after the other: by that they overtake each other. */
  lags: number[];
}

export type History = Setup & { steps: Step[] };

const deed = fc.oneof(
  { weight: 5, arbitrary: fc.record({ deed: fc.constant('boot' as const), n: fc.nat(30) }) },
  {
    weight: 20,
    arbitrary: fc.record({ deed: fc.constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[])), n: fc.nat(30) }),
  },
);

/** Mostly the one that it begins with, since what was seen of a login is remembered for an hour. */
const ROLES = [...Array<string>(6).fill('admin'), 'domain_admin', 'project_admin'];

const MINUTES = [1, 1, 1, 4, 12, 29, 31];
const skew = fc.integer({ min: -290, max: 290 });
const fewRows = fc.integer({ min: 1, max: 5 });
const deeds = (min: number, max: number): fc.Arbitrary<Deed[]> => fc.array(deed, { minLength: min, maxLength: max });

const stepsOf = (minutes: number[], ...more: fc.WeightedArbitrary<Step>[]): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof<fc.WeightedArbitrary<Step>[]>(
      { weight: 12, arbitrary: fc.record({ deeds: deeds(1, 3) }) },
      { weight: 2, arbitrary: fc.record({ minutes: fc.constantFrom(...minutes) }) },
      ...more,
    ),
    { minLength: 5, maxLength: 40 },
  );

/** One reading by one login. */
export const history: fc.Arbitrary<History> = fc.record({
  kind: fc.constantFrom<Kind>('project', 'cloud'),
  skew,
  rows: fewRows,
  isConfirmed: fc.boolean(),
  lags: fc.constant([]),
  steps: stepsOf(
    MINUTES,
    { weight: 3, arbitrary: fc.record({ during: deeds(0, 4), isTwice: fc.constant(false) }) },
    { weight: 1, arbitrary: fc.record({ failAt: fc.nat(2), isOnce: fc.constant(false), isOver: fc.boolean() }) },
  ),
});

/** Many readings side by side, some with the help of a login that sees the whole cloud. */
export const sharedHistory: fc.Arbitrary<History> = fc.record({
  kind: fc.constantFrom<Kind>('told', 'picked', 'both'),
  skew,
  rows: fc.oneof(fewRows, fc.constant(25)),
  isConfirmed: fc.boolean(),
  lags: fc.array(fc.nat(3), { maxLength: 7 }),
  steps: stepsOf(
    [...MINUTES, 61],
    { weight: 3, arbitrary: fc.record({ during: deeds(0, 8), isTwice: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ failAt: fc.nat(9), isOnce: fc.boolean(), isOver: fc.boolean() }) },
    {
      weight: 3,
      arbitrary: fc.record({ deeds: deeds(0, 3), minutes: fc.constantFrom(0, 1, 6, 7, 12), some: fc.nat(15) }),
    },
    { weight: 1, arbitrary: fc.record({ role: fc.constantFrom(...ROLES) }) },
  ),
});
