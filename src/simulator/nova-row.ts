import { hexId } from './ids.js';
import type { Server } from './model.js';
import { stateOf } from './nova-states.js';

/** How rows are written for one request. */
export interface RowView {
  /** Minor number of the microversion. */
  minor: number;
  /** Nova shows administrators more keys. */
  admin: boolean;
  /** `http://host/v2.1`, with the project id where the request's path has it. */
  self: string;
  /** `http://host`, likewise. */
  bookmark: string;
  /** What Nova gives for a time that its database does not hold: the present. */
  now: string;
}

/** Statuses whose rows hold `progress` (nova api/openstack/compute/views/servers.py). */
const WITH_PROGRESS = new Set(['ACTIVE', 'BUILD', 'REBUILD', 'RESIZE', 'VERIFY_RESIZE', 'MIGRATING']);
const HOSTS = 20;
const hostIds = new Map<string, string>();

/** Nova hides the host's name from members as a hash over project and host, 56 digits. */
function hostId(projectId: string, host: string): string {
  const key = projectId + host;
  let id = hostIds.get(key);
  if (id === undefined) hostIds.set(key, (id = hexId(key) + hexId(host).slice(0, 24)));
  return id;
}

function hostOf(server: Server): string | null {
  if (server.unscheduled || server.cell === 'cell0' || server.status === 'SHELVED_OFFLOADED') return null;
  if (server.status === 'ERROR' && server.launchedAt === null) return null;
  return `host-${String((parseInt(server.id.slice(0, 6), 16) % HOSTS) + 1).padStart(3, '0')}`;
}

function quoted(value: string | null): string {
  return value === null ? 'null' : `"${value}"`;
}

/** A time as this extension writes it. */
function moment(time: string | null): string {
  return time === null ? 'null' : `"${time.slice(0, 19)}.000000"`;
}

/** From 2.47 the flavor is the copy kept with the server; before, a reference. */
function flavor(server: Server, view: RowView): string {
  const name = JSON.stringify(server.flavorName);
  if (view.minor >= 47) {
    return (
      `{"vcpus": ${server.vcpus}, "ram": ${server.ramMb}, "disk": ${server.diskGb}, "ephemeral": 0, "swap": 0, ` +
      `"original_name": ${name}, "extra_specs": {}}`
    );
  }
  const href = JSON.stringify(`${view.bookmark}/flavors/${encodeURIComponent(server.flavorName)}`);
  return `{"id": ${name}, "links": [{"rel": "bookmark", "href": ${href}}]}`;
}

function links(server: Server, view: RowView): string {
  return (
    `"links": [{"rel": "self", "href": "${view.self}/servers/${server.id}"}, ` +
    `{"rel": "bookmark", "href": "${view.bookmark}/servers/${server.id}"}]`
  );
}

function adminKeys(server: Server, minor: number, host: string | null): string {
  const keys =
    `"OS-EXT-SRV-ATTR:host": ${quoted(host)}, "OS-EXT-SRV-ATTR:instance_name": "instance-${server.id.slice(0, 8)}", ` +
    `"OS-EXT-SRV-ATTR:hypervisor_hostname": ${quoted(host)}, `;
  if (minor < 3) return keys;
  return (
    `${keys}"OS-EXT-SRV-ATTR:reservation_id": "r-${server.id.slice(24, 32)}", "OS-EXT-SRV-ATTR:launch_index": 0, ` +
    `"OS-EXT-SRV-ATTR:hostname": "vm-${server.id.slice(0, 4)}", "OS-EXT-SRV-ATTR:kernel_id": "", ` +
    '"OS-EXT-SRV-ATTR:ramdisk_id": "", "OS-EXT-SRV-ATTR:root_device_name": "/dev/sda", ' +
    '"OS-EXT-SRV-ATTR:user_data": null, '
  );
}

/** Keys that came with later microversions, in the order in which the real one writes them. */
function laterKeys(server: Server, view: RowView): string {
  const { minor, admin } = view;
  let text = '';
  if (minor >= 9) text += ', "locked": false';
  if (minor >= 73) text += ', "locked_reason": null';
  if (minor >= 19) text += ', "description": null';
  if (minor >= 26) text += ', "tags": []';
  if (minor >= 63) text += ', "trusted_image_certificates": null';
  if (minor >= 16 && admin) text += ', "host_status": ""';
  if (minor >= 90 && !admin) text += `, "OS-EXT-SRV-ATTR:hostname": "vm-${server.id.slice(0, 4)}"`;
  return text;
}

const IMAGE = '30652e5e-4197-456d-ad2d-17c4dbe5ee32';

/** A row of `GET /servers/detail`: key for key, blank for blank what Nova 26.2 writes. */
export function detailRow(server: Server, view: RowView): string {
  const [vmState, task, power] = stateOf(server);
  const updated = server.updated ?? view.now;
  const host = hostOf(server);
  const failed = server.status === 'ERROR' && server.launchedAt !== null;
  return (
    `{"id": "${server.id}", "name": ${JSON.stringify(server.name)}, "status": "${server.status}", ` +
    `"tenant_id": "${server.projectId}", "user_id": "${server.userId}", "metadata": {}, ` +
    `"hostId": "${host === null ? '' : hostId(server.projectId, host)}", "image": {"id": "${IMAGE}", ` +
    `"links": [{"rel": "bookmark", "href": "${view.bookmark}/images/${IMAGE}"}]}, "flavor": ${flavor(server, view)}, ` +
    `"created": "${server.created}", "updated": "${updated}", "addresses": {}, "accessIPv4": "", ` +
    `"accessIPv6": "", ${links(server, view)}, "OS-DCF:diskConfig": "MANUAL", ` +
    (failed ? `"fault": {"code": 500, "created": "${updated}", "message": "Build of instance aborted"}, ` : '') +
    (WITH_PROGRESS.has(server.status) ? '"progress": 0, ' : '') +
    `"OS-EXT-AZ:availability_zone": "${host === null ? '' : 'nova'}", "config_drive": "", "key_name": null, ` +
    `"OS-SRV-USG:launched_at": ${moment(server.launchedAt)}, "OS-SRV-USG:terminated_at": ${moment(server.terminatedAt)}, ` +
    (view.admin ? adminKeys(server, view.minor, host) : '') +
    `"OS-EXT-STS:task_state": ${quoted(server.unscheduled ? 'scheduling' : task)}, "OS-EXT-STS:vm_state": "${vmState}", ` +
    `"OS-EXT-STS:power_state": ${server.launchedAt === null ? 0 : power}, "os-extended-volumes:volumes_attached": []` +
    `${laterKeys(server, view)}}`
  );
}

/** A row of `GET /servers`. */
export function plainRow(server: Server, view: RowView): string {
  return `{"id": "${server.id}", "name": ${JSON.stringify(server.name)}, ${links(server, view)}}`;
}

/** What is left of a server whose cell does not answer, from 2.69 on (nova api-guide/source/down_cells.rst): no flavor. */
export function downCellRow(server: Server, view: RowView): string {
  return (
    `{"id": "${server.id}", "status": "UNKNOWN", "tenant_id": "${server.projectId}", ` +
    `"created": "${server.created}", ${links(server, view)}}`
  );
}

/** What is left of such a server in `GET /servers`. */
export function plainDownCellRow(server: Server, view: RowView): string {
  return `{"id": "${server.id}", "status": "UNKNOWN", ${links(server, view)}}`;
}
