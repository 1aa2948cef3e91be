import { isListed, type Scope, type Server, type ServerChange } from './model.js';

type Row = { -readonly [K in keyof Server]: Server[K] } & { seq: number; domainId: string };

/** Scopes whose usage can be asked for. */
type UsageScope = Scope & { kind: 'cloud' | 'project' };

/** Newest first, as Nova lists by default (`created_at` descending); of one second, the last made first. */
function newestFirst(a: Row, b: Row): number {
  if (a.created !== b.created) return a.created < b.created ? 1 : -1;
  return b.seq - a.seq;
}

type Place = Pick<Server, 'projectId' | 'id'>;

/** As Nova walks through a cell for usage: by project, then by id. */
export function byProject(a: Place, b: Place): number {
  if (a.projectId !== b.projectId) return a.projectId < b.projectId ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function keyOf(scope: Scope): string {
  return scope.kind === 'cloud' ? 'cloud' : `${scope.kind} ${scope.id}`;
}

/** The servers, with a sorted listing for each scope that is rebuilt only after one of its servers changed. */
export class ServerStore {
  readonly #rows = new Map<string, Row>();
  readonly #byProject = new Map<string, Set<Row>>();
  /** Those that have, or had, any. */
  readonly #projectsOf = new Map<string, Set<string>>();
  readonly #sorted = new Map<string, Row[]>();
  readonly #launched = new Map<string, Map<string, Row[]>>();
  #seq = 0;

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): Server | undefined {
    return this.#rows.get(id);
  }

  add(server: Server, domainId: string): Server {
    if (this.#rows.has(server.id)) throw new Error(`server ${server.id} exists already`);
    const row: Row = { ...server, domainId, seq: this.#seq++ };
    this.#rows.set(row.id, row);
    let rows = this.#byProject.get(row.projectId);
    if (!rows) this.#byProject.set(row.projectId, (rows = new Set()));
    rows.add(row);
    let projects = this.#projectsOf.get(domainId);
    if (!projects) this.#projectsOf.set(domainId, (projects = new Set()));
    projects.add(row.projectId);
    this.#forget(row);
    return row;
  }

  change(id: string, change: ServerChange): Server {
    const row = this.#rows.get(id);
    if (!row) throw new Error(`no server ${id}`);
    Object.assign(row, change);
    this.#forget(row);
    return row;
  }

  remove(id: string): void {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#rows.delete(id);
    this.#byProject.get(row.projectId)?.delete(row);
    this.#forget(row);
  }

  /** Every server of a project, listed or not, in the order of making. */
  ofProject(projectId: string): Server[] {
    return [...(this.#byProject.get(projectId) ?? [])];
  }

  /** The listed servers of a scope, newest first. */
  listed(scope: Scope): readonly Server[] {
    const key = keyOf(scope);
    let rows = this.#sorted.get(key);
    if (!rows) {
      rows = [...this.#candidates(scope)].filter((row) => isListed(row.status)).sort(newestFirst);
      this.#sorted.set(key, rows);
    }
    return rows;
  }

  /**
   * The servers of a scope that were updated at `since` (in whole seconds) or later, deleted ones too, newest first. Build
   * requests are all among them, as in Nova (objects/build_request.py), and rows that were never updated never.
   */
  changed(scope: Scope, since: string): readonly Server[] {
    const rows = [...this.#candidates(scope)];
    return rows
      .filter(({ unscheduled, updated }) => unscheduled || (updated !== null && updated >= since))
      .sort(newestFirst);
  }

  /** The DELETED servers of a scope, newest first. */
  deleted(scope: Scope): readonly Server[] {
    return [...this.#candidates(scope)].filter(({ status }) => status === 'DELETED').sort(newestFirst);
  }

  /** All servers of a scope that were ever launched, deleted ones too: by cell, each by project and id. */
  launched(scope: UsageScope): ReadonlyMap<string, readonly Server[]> {
    const key = keyOf(scope);
    let cells = this.#launched.get(key);
    if (!cells) {
      this.#launched.set(key, (cells = new Map<string, Row[]>()));
      const rows = [...this.#candidates(scope)].filter(({ launchedAt }) => launchedAt !== null);
      for (const name of new Set(rows.map(({ cell }) => cell))) {
        cells.set(name, rows.filter(({ cell }) => cell === name).sort(byProject));
      }
    }
    return cells;
  }

  /** Where a listing goes on after `marker`, which may itself have been deleted since; null: never heard of. */
  positionAfter(marker: string, listed: readonly Server[]): number | null {
    const row = this.#rows.get(marker);
    if (!row) return null;
    const rows = listed as readonly Row[];
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = rows[middle];
      if (other && newestFirst(other, row) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #candidates(scope: Scope): Iterable<Row> {
    if (scope.kind === 'project') return this.#byProject.get(scope.id) ?? [];
    if (scope.kind === 'cloud') return this.#rows.values();
    return [...(this.#projectsOf.get(scope.id) ?? [])].flatMap((id) => [...(this.#byProject.get(id) ?? [])]);
  }

  #forget(row: Row): void {
    const scopes: Scope[] = [{ kind: 'cloud' }, { kind: 'domain', id: row.domainId }];
    for (const scope of [...scopes, { kind: 'project', id: row.projectId } as const]) {
      this.#sorted.delete(keyOf(scope));
      this.#launched.delete(keyOf(scope));
    }
  }
}
