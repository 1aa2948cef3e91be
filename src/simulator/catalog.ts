import { hexId } from './ids.js';
import type { CloudOptions } from './options.js';
import type { SimRequest } from './request.js';

interface Endpoint {
  id: string;
  interface: string;
  region_id: string;
  url: string;
  region: string;
}

export interface CatalogEntry {
  endpoints: Endpoint[];
  id: string;
  type: string;
  name: string;
}

const INTERFACES = ['internal', 'admin', 'public'];

function entry(options: CloudOptions, service: { type: string; name: string; url: string }): CatalogEntry {
  const endpoints = options.regions.flatMap((region) =>
    INTERFACES.map((name) => ({
      id: hexId(`endpoint ${service.type} ${region} ${name}`),
      interface: name,
      region_id: region,
      url: service.url,
      region,
    })),
  );
  return { endpoints, id: hexId(`service ${service.type}`), type: service.type, name: service.name };
}

/** This cloud as the client addresses it. */
export const originOf = ({ headers }: Pick<SimRequest, 'headers'>): string => `http://${headers.host ?? 'localhost'}`;

/** The service catalog of a token, in the real one's shape. Only identity and compute are behind the addresses. */
export function catalog(options: CloudOptions, request: SimRequest, projectId: string): CatalogEntry[] {
  const root = options.catalogBase ?? originOf(request);
  const entries = [
    entry(options, { type: 'image', name: 'glance', url: `${root}/image` }),
    entry(options, { type: 'network', name: 'neutron', url: `${root}/network` }),
    entry(options, { type: 'volumev3', name: 'cinderv3', url: `${root}/volume/v3/${projectId}` }),
  ];
  if (options.computeEndpoint !== 'none') {
    const url = options.computeEndpoint === 'plain' ? `${root}/v2.1` : `${root}/v2.1/${projectId}`;
    entries.push(entry(options, { type: 'compute', name: 'nova', url }));
  }
  return [...entries, entry(options, { type: 'identity', name: 'keystone', url: `${root}/v3/` })];
}
