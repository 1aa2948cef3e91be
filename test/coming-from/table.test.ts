import { existsSync } from 'node:fs';

import { expect } from 'chai';

import { links, references, section } from './table.js';

/** All that the references of the three systems name: their endpoints, and what the big ones tell. */
const ASKED: Record<string, string> = {
  'Nova: os-simple-tenant-usage': `/os-simple-tenant-usage /os-simple-tenant-usage/{tenant_id} detailed start end limit marker
    tenant_usages tenant_usage tenant_usages_links tenant_usage_links tenant_id stop total_hours total_vcpus_usage
    total_memory_mb_usage total_local_gb_usage server_usages instance_id name flavor vcpus memory_mb local_gb hours started_at
    ended_at state uptime 400 401 403`,
  Billometer: `project-list project-summary resource-list project-info server-list volume-list image-list address-list
    network-list admin/rate-list quota-list admin/quota-list quota-sync project-update export-csv 301 500
    instance_count instance_price volume_count volume_price image_count image_price address_count address_price
    VCPU RAM Images Network Allocation Total default_price default_threshold openstack_tenant customer_id customer_name extra
    uuid type active value price network_in network_out storage_read storage_write
    nova.cpu nova.memory nova.instance cinder.volume glance.image neutron.floating_ip network.rx network.tx`,
  'CloudStack: usage and quota': `listUsageRecords quotaTariffCreate quotaTariffUpdate quotaTariffDelete quotaTariffList
    quotaStatement quotaBalance quotaCredits quotaCreditsList quotaSummary
    startdate enddate account accountid projectid domain domainid domainpath isrecursive type usageid includetags oldformat page
    pagesize count usage rawusage cpunumber memory cpuspeed name virtualmachineid offeringid templateid oscategoryid
    oscategoryname ostypeid osdisplayname zoneid tags issystem description size virtualsize networkid vpcid issourcenat isdefault
    usagetype value activationrule position removed unit quota totalquota currency min_balance quota_enforce
    RUNNING_VM ALLOCATED_VM IP_ADDRESS NETWORK_BYTES_SENT NETWORK_BYTES_RECEIVED VOLUME TEMPLATE ISO SNAPSHOT SECURITY_GROUP
    LOAD_BALANCER_POLICY PORT_FORWARDING_RULE NETWORK_OFFERING VPN_USERS CPU_CLOCK_RATE CPU_NUMBER MEMORY VM_DISK_IO_READ
    VM_DISK_IO_WRITE VM_DISK_BYTES_READ VM_DISK_BYTES_WRITE VM_SNAPSHOT VOLUME_SECONDARY VM_SNAPSHOT_ON_PRIMARY BACKUP BUCKET
    NETWORK VPC`,
};

describe('docs/coming-from.md', () => {
  for (const [heading, names] of Object.entries(ASKED)) {
    it(`has all that could be asked of ${heading}`, () => {
      const { text } = section(heading);
      const words = new Set(text.match(/[\w{}./-]*\w\}?/g)?.map((word) => word.replace(/\/<.*$/, '')));
      for (const name of names.split(/\s+/)) expect(words, name).to.include(name);
    });
  }

  it('refers to rows and files that there are', () => {
    const ids = Object.keys(ASKED).flatMap((heading) => section(heading).rows.map(({ id }) => id));
    expect(references().filter((id) => !ids.includes(id))).to.deep.equal([]);
    for (const target of links()) {
      expect(existsSync(new URL(`../../docs/${target.replace(/#.*/, '')}`, import.meta.url)), target).to.be.true;
    }
  });
});
