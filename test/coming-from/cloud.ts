import type { ServerInput } from '../../src/simulator/model.js';
import type { World } from '../../src/simulator/world.js';
import { PASSWORD, USER } from '../program/rig.js';

/** The id of a project here, by its domain and its name. */
export const idOf = (domain: string, project: string): string =>
  Buffer.from(`${domain} ${project}`).toString('hex').padEnd(32, '0');

/** A domain with projects and their servers, beside the one that its user logs in to; servers have their name as id. */
export function addAccount(
  world: World,
  name: string,
  projects: Readonly<Record<string, readonly (Omit<ServerInput, 'projectId'> & { name: string })[]>>,
  password = PASSWORD,
): void {
  const { id: domainId } = world.addDomain({ name });
  const roles: Record<string, string> = {};
  for (const [project, servers] of Object.entries({ [name]: [], ...projects })) {
    const { id: projectId } = world.addProject({ domainId, name: project, id: idOf(name, project) });
    roles[projectId] = 'reader';
    for (const server of servers) world.addServer({ id: `${name} ${server.name}`, ...server, projectId });
  }
  world.addUser({ domainId, name: USER, password, roles });
}
