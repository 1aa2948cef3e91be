import { expect } from 'chai';
import { listenError } from '../../src/web/listen-error.js';

const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`listen ${code}`), { code });

describe('listenError', () => {
  const rows: [code: string, says: string][] = [
    ['EADDRINUSE', 'is in use already: choose another'],
    ['EADDRNOTAVAIL', 'is no address of this machine (EADDRNOTAVAIL): choose one of its own, or :port for all'],
    ['EACCES', 'is not allowed to this user (EACCES): choose a port from 1024 on'],
    ['EPERM', 'is not allowed to this user (EPERM): choose a port from 1024 on'],
    ['ENOTFOUND', 'names a host that is not known (ENOTFOUND): write an address, or :port for all'],
    ['EAI_AGAIN', "names a host that DNS can't tell now (EAI_AGAIN): write an address, or :port for all"],
    ['EAFNOSUPPORT', 'is of a kind that this machine does not have (EAFNOSUPPORT): choose another'],
    ['EMFILE', "can't be opened (EMFILE): choose another"],
  ];
  for (const [code, says] of rows) {
    it(`tells ${code} plainly`, () => {
      const cause = failure(code);
      const error = listenError({ host: 'host.example', port: 80 }, cause);
      expect(error.message).to.equal(`--web.listen-address: host.example:80 ${says}`);
      expect(error.cause).to.equal(cause);
    });
  }

  const addresses: [host: string | null, shown: string][] = [
    [null, ':80'],
    ['127.0.0.1', '127.0.0.1:80'],
    ['::1', '[::1]:80'],
  ];
  for (const [host, shown] of addresses) {
    it(`writes ${shown} as the flag does`, () => {
      expect(listenError({ host, port: 80 }, failure('EADDRINUSE')).message).to.contain(`address: ${shown} is in use`);
    });
  }

  it('shows the message of an error without a code', () => {
    expect(listenError({ host: null, port: 1 }, new Error('odd')).message).to.contain("can't be opened (odd)");
  });
});
