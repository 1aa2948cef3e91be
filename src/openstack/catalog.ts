/** The service catalog of a token: where Nova is. Pure. */
import type { Cloud } from '../domains/domain.js';
import { CollectError } from '../errors.js';
import { excerpt } from '../text.js';
import { normaliseUrl } from '../url.js';

export interface CatalogService {
  type: string;
  endpoints: { interface: string; url: string; region: string | null }[];
}

/**
 * Nova's base address, as the catalog or `compute_url` gives it.
 * @throws CollectError: `not_found` without an endpoint, `config` with several regions and none chosen
 */
export function computeEndpoint(catalog: readonly CatalogService[], cloud: Cloud): string {
  if (cloud.computeUrl !== null) return cloud.computeUrl;
  const endpoints = catalog
    .filter(({ type }) => type === 'compute')
    .flatMap((service) => service.endpoints)
    .filter((endpoint) => endpoint.interface === cloud.interface);
  const regions = [...new Set(endpoints.map(({ region }) => region))];
  if (cloud.region === null && regions.length > 1) {
    const names = regions.map((region) => excerpt(region ?? '', 40)).join(', ');
    throw new CollectError(
      'config',
      `the catalog has several regions (${names}): choose one by --cloud.region or region=`,
    );
  }
  const endpoint = endpoints.find(({ region }) => cloud.region === null || region === cloud.region);
  if (!endpoint) {
    const where = cloud.region === null ? '' : ` in region ${cloud.region}`;
    throw new CollectError('not_found', `the catalog has no ${cloud.interface} compute endpoint${where}`);
  }
  try {
    return normaliseUrl(endpoint.url);
  } catch (error) {
    throw new CollectError('bad_response', `the catalog's compute endpoint ${(error as Error).message}`);
  }
}

/**
 * Some clouds, VHI among them, end the endpoint in the token's project id, and Nova refuses it there with a token
 * of another project. The part before it is the same for all.
 * @param projectId null: only that part
 */
export function withProject(endpoint: string, loginProjectId: string, projectId: string | null): string {
  const suffix = `/${loginProjectId}`;
  if (!endpoint.endsWith(suffix)) return endpoint;
  const base = endpoint.slice(0, -suffix.length);
  return projectId === null ? base : `${base}/${projectId}`;
}
