import { expect } from 'chai';
import { CollectError } from '../../src/errors.js';
import { LoginFailure } from '../../src/openstack/gates.js';
import { Progress } from '../../src/usage/progress.js';

const size = { vcpus: 1, ramMb: 512, flavor: 'small' };
const server = (id: string) => ({ id, projectId: 'p', status: 'ACTIVE', launched: true, ...size });

describe('progress of a domain', () => {
  it('tells errors of one stage, reason and status as one', () => {
    const progress = new Progress();
    progress.stage = 'servers';
    progress.fail(new CollectError('unavailable', 'a', { status: 503 }), { subject: 'project "x"' });
    progress.fail(new CollectError('unavailable', 'a', { status: 503 }), { subject: 'project "y"' });
    expect(progress.errors).to.deep.equal([
      {
        stage: 'servers',
        reason: 'unavailable',
        status: 503,
        count: 2,
        message: 'project "x": a; project "y": a',
      },
    ]);
  });

  it('keeps apart what differs in stage, reason or status', () => {
    const progress = new Progress();
    progress.stage = 'servers';
    progress.fail(new CollectError('unavailable', 'm', { status: 500 }));
    progress.fail(new CollectError('unavailable', 'm', { status: 503 }));
    progress.fail(new CollectError('timeout', 'm'));
    progress.fail(new CollectError('timeout', 'm'), { stage: 'projects' });
    expect(progress.errors.map(({ stage, reason, status, count }) => [stage, reason, status, count])).to.deep.equal([
      ['servers', 'unavailable', 500, 1],
      ['servers', 'unavailable', 503, 1],
      ['servers', 'timeout', null, 1],
      ['projects', 'timeout', null, 1],
    ]);
  });

  it('gives three examples and no more, none of them twice', () => {
    const progress = new Progress();
    for (const text of ['a', 'a', 'b', 'c', 'd']) progress.fail(new CollectError('timeout', text));
    const [group] = progress.errors;
    expect(group).to.include({ count: 5, message: 'a; b; c' });
  });

  it('counts what one error stands for', () => {
    const progress = new Progress();
    progress.fail(new CollectError('incomplete', '3 are disabled'), { count: 3 });
    expect(progress.errors[0]).to.include({ count: 3, message: '3 are disabled' });
  });

  it('calls the stage of a failed login `login`, whatever was asked for', () => {
    const progress = new Progress();
    progress.stage = 'servers';
    progress.fail(new LoginFailure(new CollectError('auth', 'refused', { status: 401 })), { stage: 'projects' });
    expect(progress.errors[0]).to.include({ stage: 'login', reason: 'auth', status: 401 });
  });

  it('escapes control characters and keeps messages short', () => {
    const progress = new Progress();
    progress.fail(new CollectError('timeout', `\u001b[31m\u202e${'x'.repeat(5000)}`));
    const message = progress.errors[0]?.message ?? '';
    expect(message).to.match(/^\\u001b\[31m\\u202exxx/);
    expect(message.length).to.be.at.most(1000);
  });

  it('forgets what was read when it starts over, and keeps the errors', () => {
    const progress = new Progress();
    progress.addServers([server('a')]);
    progress.limits.set('p', { vcpus: 1, ramMb: 1, endpoint: 'e' });
    progress.fail(new CollectError('timeout', 'a'));
    progress.startOver();
    expect([progress.servers.size, progress.limits.size, progress.anyRead]).to.deep.equal([0, 0, false]);
    expect(progress.errors).to.have.length(1);
  });

  it('has read something once a page came, be it empty', () => {
    const progress = new Progress();
    expect(progress.anyRead).to.equal(false);
    progress.addServers([]);
    expect(progress.anyRead).to.equal(true);
  });

  it('knows a server once, however often it is listed, as it was last', () => {
    const progress = new Progress();
    progress.addServers([server('a'), server('b')]);
    progress.addServers([{ ...server('a'), vcpus: 7 }]);
    expect([...progress.servers.values()].map(({ vcpus }) => vcpus)).to.deep.equal([7, 1]);
  });
});
