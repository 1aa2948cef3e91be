import { expect } from 'chai';
import { COUNTINGS, COUNTING_HELP, isInUse } from '../../src/usage/counting.js';

const YES = true;
const no = false;

/** Every status of Nova: allocated, quota, running. */
const TABLE: [status: string, allocated: boolean, quota: boolean, running: boolean][] = [
  ['ACTIVE', YES, YES, YES],
  ['BUILD', YES, YES, no],
  ['DELETED', no, no, no],
  ['ERROR', YES, YES, no],
  ['HARD_REBOOT', YES, YES, YES],
  ['MIGRATING', YES, YES, YES],
  ['PASSWORD', YES, YES, YES],
  ['PAUSED', YES, YES, no],
  ['REBOOT', YES, YES, YES],
  ['REBUILD', YES, YES, no],
  ['RESCUE', YES, YES, YES],
  ['RESIZE', YES, YES, YES],
  ['REVERT_RESIZE', YES, YES, YES],
  ['SHELVED', YES, YES, no],
  ['SHELVED_OFFLOADED', no, YES, no],
  ['SHUTOFF', YES, YES, no],
  ['SOFT_DELETED', no, no, no],
  ['SUSPENDED', YES, YES, no],
  ['UNKNOWN', no, no, no],
  ['VERIFY_RESIZE', YES, YES, YES],
  ['SOMETHING_NEW', YES, YES, no],
];

describe('counting', () => {
  for (const [status, allocated, quota, running] of TABLE) {
    it(`counts a ${status} server as the contract says`, () => {
      const server = { status, launched: true };
      expect(COUNTINGS.filter((counting) => isInUse(server, counting))).to.deep.equal(
        COUNTINGS.filter((counting) => ({ allocated, quota, running })[counting]),
      );
    });

    it(`asks of a ${status} server whether it was launched only if it is an ERROR, and only for allocated`, () => {
      const changed = COUNTINGS.filter(
        (counting) => isInUse({ status, launched: true }, counting) !== isInUse({ status, launched: false }, counting),
      );
      expect(changed).to.deep.equal(status === 'ERROR' ? ['allocated'] : []);
    });
  }

  it('has a line of help for each rule', () => {
    expect(COUNTING_HELP).to.have.all.keys(...COUNTINGS);
  });
});
