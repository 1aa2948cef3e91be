import { type Answer, computeError, computeUnauthorized, htmlError, JSON_TYPE } from './answer.js';
import { roleOf } from './application.js';
import type { Cloud } from './cloud.js';
import { askedVersion, negotiate } from './microversion.js';
import { listServers } from './nova-servers.js';
import { showUsage } from './nova-usage.js';
import { rightsOf, type Rights } from './policy.js';
import type { SimRequest } from './request.js';

function ok(body: unknown): Answer {
  return { status: 200, headers: { ...JSON_TYPE }, body: JSON.stringify(body) };
}

function versionDocument(base: string, max: string): Answer {
  const type = 'application/vnd.openstack.compute+json;version=2.1';
  return ok({
    version: {
      id: 'v2.1',
      status: 'CURRENT',
      version: max,
      min_version: '2.1',
      updated: '2013-07-23T11:33:21Z',
      links: [
        { rel: 'self', href: `${base}/v2.1/` },
        { rel: 'describedby', type: 'text/html', href: 'http://docs.openstack.org/' },
      ],
      'media-types': [{ base: 'application/json', type }],
    },
  });
}

/** `GET /limits`: the quota counter of a project, its own unless the role is an administrator's. */
function showLimits(cloud: Cloud, request: SimRequest, minor: number, rights: Rights): Answer {
  const unknown = [...request.query.keys()].find((name) => name !== 'tenant_id');
  if (unknown !== undefined && minor >= 75) {
    return computeError(400, `Additional properties are not allowed ('${unknown}' was unexpected)`);
  }
  if (request.token?.projectId === null) return computeError(403, 'Forbidden');
  const other = request.query.get('tenant_id');
  if (other !== null && !rights.admin) {
    return computeError(403, "Policy doesn't allow os_compute_api:limits:other_project to be performed.");
  }
  const projectId = other ?? request.token?.projectId ?? '';
  const usage = cloud.world.usage(projectId);
  const quota = cloud.world.projects.get(projectId)?.quota ?? { instances: 10, cores: 20, ramMb: 51200 };
  // Floating addresses and security groups left at 2.36, images at 2.39, personality at 2.57.
  const network = { maxTotalFloatingIps: -1, maxSecurityGroups: -1, maxSecurityGroupRules: -1 };
  const absolute = {
    maxTotalInstances: quota.instances,
    maxTotalCores: quota.cores,
    maxTotalRAMSize: quota.ramMb,
    maxServerMeta: 128,
    ...(minor < 39 ? { maxImageMeta: 128 } : {}),
    ...(minor < 57 ? { maxPersonality: 5, maxPersonalitySize: 10240 } : {}),
    maxTotalKeypairs: 100,
    maxServerGroups: 10,
    maxServerGroupMembers: 10,
    ...(minor < 36 ? network : {}),
    totalRAMUsed: usage.ramMb,
    totalCoresUsed: usage.vcpus,
    totalInstancesUsed: usage.servers,
    ...(minor < 36 ? { totalFloatingIpsUsed: 0, totalSecurityGroupsUsed: 0 } : {}),
    totalServerGroupsUsed: 0,
  };
  return ok({ limits: { rate: [], absolute } });
}

function withVersion(answer: Answer, version: string): Answer {
  answer.headers['OpenStack-API-Version'] = `compute ${version}`;
  answer.headers['X-OpenStack-Nova-API-Version'] = version;
  answer.headers['Vary'] = ['OpenStack-API-Version', 'X-OpenStack-Nova-API-Version'];
  return answer;
}

function answerIn(cloud: Cloud, request: SimRequest, minor: number): Answer {
  if (request.route === 'version') return versionDocument(request.base, cloud.options.maxMicroversion);
  const own = request.token?.projectId ?? '';
  if (request.pathProjectId !== null && request.pathProjectId !== own) {
    const ids = `'${request.pathProjectId}' doesn't match Context's project_id '${own}'`;
    return computeError(400, `Malformed request URL: URL's project_id ${ids}`);
  }
  const rights = rightsOf(request.token ? roleOf(cloud.world, request.token) : '');
  if (request.route === 'limits') return showLimits(cloud, request, minor, rights);
  if (request.route === 'usage') return showUsage(cloud, request, minor, rights);
  return listServers(cloud, request, minor, rights);
}

/** Nova's answer to a request: first the token, then the path, the microversion, and what is asked for. */
export function nova(cloud: Cloud, request: SimRequest): Answer {
  if (request.route !== 'version' && !request.token) return computeUnauthorized(`${request.base}/v3`);
  if (request.route === 'unknown') return htmlError(404, 'Not Found');
  const asked = askedVersion(request.headers);
  const minor = negotiate(asked, cloud.options.maxMicroversion);
  if (typeof minor !== 'number') return minor.status === 406 ? withVersion(minor, asked) : minor;
  return withVersion(answerIn(cloud, request, minor), `2.${minor}`);
}
