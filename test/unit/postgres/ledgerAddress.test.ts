import assert from 'node:assert/strict';
import type tls from 'node:tls';
import { userInfo } from 'node:os';
import { connectionOptions, tlsOptions } from '../../../src/postgres/connectionOptions.ts';
import { diagnose, sharedQuotaError } from '../../../src/postgres/diagnosis.ts';
import {
  addressOfEnvironment,
  type LedgerAddress,
  readAddress,
  shownAddress,
} from '../../../src/postgres/ledgerAddress.ts';

const plain: LedgerAddress = {
  host: 'localhost',
  port: 5432,
  database: 'd',
  user: 'u',
  password: undefined,
  usesTls: false,
  rootCertificates: undefined,
  certificate: undefined,
  key: undefined,
};

describe('the address of the shared ledger', () => {
  const read = (url: string, environment = {}): LedgerAddress => {
    const outcome = readAddress(url, 'it', environment);
    assert.ok(outcome.kind === 'address', JSON.stringify(outcome));
    return outcome.address;
  };
  const why = (url: string, environment = {}): string => {
    const outcome = readAddress(url, 'it', environment);
    assert.ok(outcome.kind === 'refused', url);
    return `${outcome.message} ${outcome.nextStep}`;
  };

  it('is read as libpq reads it', () => {
    assert.deepEqual(read('postgres://u@localhost/d'), plain);
    assert.deepEqual(read('postgresql://us%40er:p%2Fw%25@[::1]:6000/my%20db'), {
      ...plain,
      host: '::1',
      port: 6000,
      user: 'us@er',
      password: 'p/w%',
      database: 'my db',
    });
    assert.deepEqual(read('postgres://u@/d?host=%2Fvar%2Frun&application_name=x&connect_timeout=3'), {
      ...plain,
      host: '/var/run',
    });
    const { username } = userInfo();
    assert.deepEqual(read('postgres://'), { ...plain, user: username, database: username });
    const environment = {
      PGHOST: 'localhost',
      PGPORT: '6001',
      PGUSER: 'me',
      PGDATABASE: 'db',
      PGPASSWORD: 'pw',
      PGSSLMODE: 'require',
      PGSSLROOTCERT: '/ca',
      PGSSLCERT: '/c',
      PGSSLKEY: '/k',
    };
    const all = {
      ...plain,
      port: 6001,
      user: 'me',
      database: 'db',
      password: 'pw',
      usesTls: true,
      rootCertificates: '/ca',
      certificate: '/c',
      key: '/k',
    };
    assert.deepEqual(addressOfEnvironment(environment), { kind: 'address', address: all });
    assert.deepEqual(read('postgres:///other?sslmode=disable', environment), {
      ...all,
      database: 'other',
      usesTls: false,
    });
    assert.deepEqual(addressOfEnvironment({ PGPORT: '1', AGENT_QUOTA_LEDGER_URL: ' ' }), { kind: 'none' });
  });

  it('is encrypted and checked beyond this machine, and nothing less is taken', () => {
    for (const mode of ['', '?sslmode=prefer', '?sslmode=require', '?sslmode=verify-ca', '?sslmode=verify-full']) {
      assert.equal(read(`postgres://u@db.example/d${mode}`).usesTls, true, mode);
    }
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) {
      assert.equal(read(`postgres://u@${host}/d`).usesTls, false, host);
      assert.equal(read(`postgres://u@${host}/d?sslmode=verify-full`).usesTls, true, host);
    }
    for (const host of ['127.0.0.1.example', '10.0.0.5', 'localhost.example', '[fe80::1]']) {
      assert.match(why(`postgres://u:sesame@${host}/d?sslmode=disable`), /in the clear/);
      assert.match(why(`postgres://u:sesame@${host}/d`, { PGSSLMODE: 'allow' }), /in the clear/);
    }
    for (const host of ['db.example', 'localhost'])
      assert.match(why(`postgres://u@${host}/d?sslmode=no-verify`), /any server for yours/);
    assert.match(why('postgres://u@localhost/d?sslmode=never'), /none that is known/);
    const previous = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      assert.equal(tlsOptions(plain).rejectUnauthorized, true);
    } finally {
      if (previous === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = previous;
    }
  });

  it('is checked by the name that was asked for, IP addresses too', () => {
    const certificate = {
      subject: { CN: 'localhost' },
      subjectaltname: 'DNS:localhost, IP Address:10.0.0.5',
    } as unknown as tls.PeerCertificate;
    const error = (host: string): Error | undefined =>
      tlsOptions({ ...plain, host }).checkServerIdentity?.('localhost', certificate);
    assert.equal(error('localhost'), undefined);
    assert.equal(error('10.0.0.5'), undefined);
    for (const host of ['10.0.0.6', 'db.example'])
      assert.match(error(host)?.message ?? '', /does not match certificate/);
  });

  it('says what is wrong with it, without the password', () => {
    const wrong = [
      'http://u:sesame@h/d',
      'sesame',
      'postgres://u:sesame@h:99999/d',
      'postgres://u:ses%zzame@h/d',
      'postgres://u:sesame@h/d?sslmod=disable',
      'postgres://u:sesame@h1,h2/d?host=a,b',
      'postgres://u:sesame@h/d?port=x',
      'postgres://u:9?sesame@h/d',
      'postgres://u:77/sesame@h/d',
      'postgres://u:12#sesame@h/d',
      'postgres://u:/sesame@h/d',
      'postgres://h/d?pass word sesame=x',
    ];
    for (const url of wrong) assert.ok(!why(url).includes('sesame'), url);
  });

  it('is never shown with its password, whatever goes wrong', () => {
    const address = { ...plain, host: 'h', password: 'sesame' };
    assert.equal(shownAddress(address), 'u@h:5432/d');
    assert.equal(shownAddress({ ...address, host: '::1' }), 'u@[::1]:5432/d');
    const codes = [
      'ECONNREFUSED',
      '28P01',
      '3D000',
      '42501',
      'AQ001',
      'AQ003',
      'XX000',
      'CERT_HAS_EXPIRED',
      '57P03',
      '',
      '3F000',
    ];
    for (const code of codes) {
      const told = diagnose(Object.assign(new Error('it failed'), { code }), address);
      assert.ok(!JSON.stringify(told).includes('sesame') && told.nextStep.length > 20, code);
    }
    // Those that pass are tried again, the others need somebody.
    const kind = (code: string): string =>
      sharedQuotaError(Object.assign(new Error('it failed'), { code }), address).kind;
    assert.deepEqual(
      ['ECONNREFUSED', '57P03', '53300', '40001', '55P03', 'ETIMEDOUT'].map(kind),
      Array.from({ length: 6 }, () => 'away'),
    );
    assert.deepEqual(
      ['28P01', '42501', 'AQ002', 'XX000', 'CERT_HAS_EXPIRED', '3F000'].map(kind),
      Array.from({ length: 6 }, () => 'refused'),
    );
  });

  it('leaves nothing to variables that the client library reads by itself', () => {
    const options = connectionOptions({ ...plain, password: 'p' });
    for (const name of ['host', 'port', 'database', 'user', 'password', 'ssl', 'application_name'] as const)
      assert.ok(name in options, name);
  });
});
