import { isoSeconds } from './ids.js';
import type { Server, ServerChange, ServerInput } from './model.js';
import type { World } from './world.js';

/** What a resize changes. */
export type Flavor = Pick<Server, 'flavorName' | 'vcpus' | 'ramMb' | 'diskGb'>;

const RESIZABLE = ['ACTIVE', 'SHUTOFF'];
const SHELVABLE = ['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED'];
const HARD_REBOOTABLE = ['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED', 'ERROR'];
const SOFT_DELETABLE = ['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED', 'RESCUE', 'VERIFY_RESIZE', 'ERROR'];

/**
 * What befalls servers, each with the trace that it leaves in Nova's database (as asked of Nova 26.2 after each of them), and
 * an Error where the server's present status does not allow it. A change without a meaning here, such as a new name, is
 * `world.changeServer(id, {})`. A resize and its reversal, a rebuild and an unshelving are new launches.
 */
export class Operations {
  readonly #world: World;
  /** What resized servers were; of those that were made as VERIFY_RESIZE nothing is known. */
  readonly #before = new WeakMap<Server, Flavor & { status: string }>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Asked for, and not yet more than a build request. */
  boot(input: Omit<ServerInput, 'status' | 'unscheduled' | 'updated' | 'launchedAt'>): Server {
    return this.#world.addServer({ ...input, status: 'BUILD', unscheduled: true, updated: null });
  }

  /** In the database of a cell, where no host has touched it yet: neither a build request any more, nor ever updated. */
  assign(id: string, cell = 'cell1'): Server {
    this.#needBuild(id, 'assigned', (server) => server.unscheduled);
    return this.#world.changeServer(id, { unscheduled: false, cell, updated: null });
  }

  /** In the hands of a host of the cell. */
  schedule(id: string, cell?: string): Server {
    const server = this.#needBuild(id, 'scheduled', ({ unscheduled, updated }) => unscheduled || updated === null);
    return this.#world.changeServer(id, { unscheduled: false, cell: cell ?? server.cell });
  }

  activate(id: string): Server {
    const server = this.#needBuild(id, 'activated', ({ unscheduled }) => !unscheduled);
    return this.#world.changeServer(id, { status: 'ACTIVE', launchedAt: server.launchedAt ?? this.#now });
  }

  /** No host takes it: its row is buried in cell 0. */
  noHost(id: string): Server {
    this.#needBuild(id, 'without a host', ({ unscheduled }) => unscheduled);
    return this.#world.changeServer(id, { status: 'ERROR', unscheduled: false, cell: 'cell0' });
  }

  stop(id: string): Server {
    return this.#move(id, 'stopped', ['ACTIVE'], { status: 'SHUTOFF' });
  }

  start(id: string): Server {
    return this.#move(id, 'started', ['SHUTOFF'], { status: 'ACTIVE' });
  }

  reboot(id: string, kind: 'soft' | 'hard' = 'soft'): Server {
    if (kind === 'soft') return this.#move(id, 'rebooted', ['ACTIVE'], { status: 'REBOOT' });
    return this.#move(id, 'rebooted', HARD_REBOOTABLE, { status: 'HARD_REBOOT' });
  }

  rebooted(id: string): Server {
    return this.#move(id, 'up again', ['REBOOT', 'HARD_REBOOT'], { status: 'ACTIVE' });
  }

  pause(id: string): Server {
    return this.#move(id, 'paused', ['ACTIVE'], { status: 'PAUSED' });
  }

  unpause(id: string): Server {
    return this.#move(id, 'unpaused', ['PAUSED'], { status: 'ACTIVE' });
  }

  /** To the new flavor at once; whether it stays is for `confirm` or `revert` to say. */
  resize(id: string, { flavorName, vcpus, ramMb, diskGb }: Flavor): Server {
    const server = this.#need(id, 'resized', RESIZABLE);
    this.#before.set(server, { ...flavorOf(server), status: server.status });
    const flavor = { flavorName, vcpus, ramMb, diskGb };
    return this.#world.changeServer(id, { ...flavor, status: 'VERIFY_RESIZE', launchedAt: this.#now });
  }

  confirm(id: string): Server {
    const server = this.#need(id, 'confirmed', ['VERIFY_RESIZE']);
    return this.#world.changeServer(id, { status: this.#before.get(server)?.status ?? 'ACTIVE' });
  }

  /** @throws Error also where the server was not resized by these operations: what flavor it had is not known */
  revert(id: string): Server {
    const before = this.#before.get(this.#need(id, 'reverted', ['VERIFY_RESIZE']));
    if (!before) throw new Error(`server ${id} can't be reverted: its old flavor is not known`);
    return this.#world.changeServer(id, { ...before, launchedAt: this.#now });
  }

  shelve(id: string): Server {
    return this.#move(id, 'shelved', SHELVABLE, { status: 'SHELVED_OFFLOADED' });
  }

  unshelve(id: string): Server {
    const change = { status: 'ACTIVE', launchedAt: this.#now };
    return this.#move(id, 'unshelved', ['SHELVED', 'SHELVED_OFFLOADED'], change);
  }

  rebuild(id: string): Server {
    return this.#move(id, 'rebuilt', ['ACTIVE', 'ERROR'], { status: 'REBUILD' });
  }

  rebuilt(id: string): Server {
    return this.#move(id, 'rebuilt to the end', ['REBUILD'], { status: 'ACTIVE', launchedAt: this.#now });
  }

  softDelete(id: string): Server {
    return this.#move(id, 'deleted softly', SOFT_DELETABLE, { status: 'SOFT_DELETED' });
  }

  restore(id: string): Server {
    return this.#move(id, 'restored', ['SOFT_DELETED'], { status: 'ACTIVE' });
  }

  /** Leaves a row that is DELETED; of a build request, nothing. */
  destroy(id: string): void {
    const server = this.#get(id);
    if (server.status === 'DELETED') throw new Error(`server ${id} can't be deleted: it is DELETED`);
    if (server.unscheduled) this.#world.removeServer(id);
    else this.#world.changeServer(id, { status: 'DELETED' });
  }

  /**
   * Takes the rows of deleted servers from the database: they are not even markers any more.
   * @param before those that were updated earlier than this, in milliseconds since the epoch; default: all
   * @returns their ids
   */
  archive(before = Infinity): string[] {
    const projects = [...this.#world.projects.keys()];
    const rows = projects.flatMap((project) => this.#world.servers.ofProject(project));
    const old = rows.filter(
      ({ status, updated, created }) => status === 'DELETED' && Date.parse(updated ?? created) < before,
    );
    for (const { id } of old) this.#world.removeServer(id);
    return old.map(({ id }) => id);
  }

  /** Takes its time, as all others do; but tags are in a table of their own, and the row is not touched. */
  tag(id: string): Server {
    const { status, updated } = this.#get(id);
    if (status === 'DELETED') throw new Error(`server ${id} can't be tagged: it is DELETED`);
    return this.#world.changeServer(id, { updated });
  }

  get #now(): string {
    return isoSeconds(this.#world.now);
  }

  #get(id: string): Server {
    const server = this.#world.servers.get(id);
    if (!server) throw new Error(`no server ${id}`);
    return server;
  }

  /** Only what was launched can be in most statuses; an ERROR that was not has nothing to work on. */
  #need(id: string, what: string, statuses: readonly string[]): Server {
    const server = this.#get(id);
    if (statuses.includes(server.status) && server.launchedAt !== null) return server;
    const never = server.launchedAt === null ? ', never launched' : '';
    throw new Error(`server ${id} can't be ${what}: it is ${server.status}${never}`);
  }

  #needBuild(id: string, what: string, isRight: (server: Server) => boolean): Server {
    const server = this.#get(id);
    if (server.status === 'BUILD' && isRight(server)) return server;
    const where = server.unscheduled ? ', not scheduled' : '';
    throw new Error(`server ${id} can't be ${what}: it is ${server.status}${where}`);
  }

  #move(id: string, what: string, from: readonly string[], change: ServerChange): Server {
    this.#need(id, what, from);
    return this.#world.changeServer(id, change);
  }
}

function flavorOf({ flavorName, vcpus, ramMb, diskGb }: Server): Flavor {
  return { flavorName, vcpus, ramMb, diskGb };
}
