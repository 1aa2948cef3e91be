import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A certificate and its key, in PEM. */
export interface Pair {
  cert: string;
  key: string;
}

export interface CertificateOptions {
  name?: string;
  /** Who signs it; itself by default, as an authority. */
  issuer?: Pair;
  /** In the words of the maker: 1 email, 2 DNS, 6 URI, 7 address. */
  altNames?: ({ type: 1 | 2 | 6; value: string } | { type: 7; ip: string })[];
  keyType?: 'ec' | 'rsa';
  notBefore?: Date;
  notAfter?: Date;
}

export async function makeCertificate(options: CertificateOptions = {}): Promise<Pair> {
  const { name = '127.0.0.1', issuer, altNames = [{ type: 7, ip: '127.0.0.1' }], keyType = 'ec' } = options;
  const made = await generate([{ name: 'commonName', value: name }], {
    keyType,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: !issuer },
      { name: 'subjectAltName', altNames },
    ],
    ...(issuer ? { ca: issuer } : {}),
    ...(options.notBefore ? { notBeforeDate: options.notBefore } : {}),
    ...(options.notAfter ? { notAfterDate: options.notAfter } : {}),
  });
  return { cert: made.cert, key: made.private };
}

export function fingerprintOf(cert: string): string {
  return new X509Certificate(cert).fingerprint256;
}

export function encrypted(key: string): string {
  return createPrivateKey(key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString();
}

/** A folder of its own for each test file. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'vhi-web-'));

  at(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string | Buffer): string {
    writeFileSync(this.at(name), text);
    return this.at(name);
  }

  writePair(name: string, { cert, key }: Pair): void {
    this.write(`${name}.crt`, cert);
    this.write(`${name}.key`, key);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
