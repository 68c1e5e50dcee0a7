import * as z from 'zod';
import type { Problem } from '../core/credentials.ts';
import { type NetworkSettings, readProxyAddress, type UpstreamProxy } from '../core/upstreamNetwork.ts';
import { shownValue } from './shownValue.ts';

/** The settings of VS Code's own that say how the network is reached. */
export const networkSettingIds = {
  proxy: 'http.proxy',
  noProxy: 'http.noProxy',
  strictSsl: 'http.proxyStrictSSL',
  support: 'http.proxySupport',
  authorization: 'http.proxyAuthorization',
} as const;

/** A header's value (RFC 9110 §5.5), without what would need encoding. */
const headerValue = /^[\x20-\x7e]*$/;

/**
 * Checks VS Code's network settings. A bad value counts as not set and is reported; no report holds what may be a password.
 * @param valueOf a setting's raw value by its id; undefined when it is not set.
 */
export function readNetworkSettings(valueOf: (id: string) => unknown): {
  network: NetworkSettings;
  problems: Problem[];
} {
  const problems: Problem[] = [];
  function read<T>(id: string, schema: z.ZodType<T>, fallback: T, wanted: string, isSecret = false): T {
    const value = valueOf(id);
    // VS Code itself gives null for "not set" here.
    if (value === undefined || value === null) return fallback;
    const checked = schema.safeParse(value);
    if (checked.success) return checked.data;
    const shown = isSecret ? 'not what it should be' : shownValue(value);
    problems.push({
      code: `bad-setting:${id}`,
      severity: 'warning',
      message: `The setting ${id} is ${shown}, so agents' requests go on as if it were not set.`,
      nextStep: `Give ${wanted} in the user settings.`,
    });
    return fallback;
  }
  const ids = networkSettingIds;
  const proxy = read<UpstreamProxy | undefined>(
    ids.proxy,
    proxySchema,
    undefined,
    'http://host:port or https://host:port, with user:password@ before the host where the proxy wants it (SOCKS cannot be used),',
    true,
  );
  const authorization = read<string>(
    ids.authorization,
    z.string().regex(headerValue),
    '',
    'a text such as "Basic dXNlcjpwYXNzd29yZA==" without line breaks',
    true,
  );
  return {
    network: {
      ...(proxy !== undefined && { proxy }),
      noProxy: read(ids.noProxy, noProxySchema, [], 'a list of host names such as ["inside.example"]'),
      strictSsl: read(ids.strictSsl, z.boolean(), true, 'true or false'),
      usesProxies: read(ids.support, supportSchema, true, '"override", "fallback", "on" or "off"'),
      ...(authorization.trim() !== '' && { authorization: authorization.trim() }),
    },
    problems,
  };
}

const proxySchema = z.string().transform((value, context) => {
  if (value.trim() === '') return undefined;
  const proxy = readProxyAddress(value.trim());
  if (proxy === undefined) context.addIssue({ code: 'custom', message: 'no proxy that can be used' });
  return proxy;
});

const noProxySchema = z
  .array(z.string())
  .transform((hosts) => hosts.map((host) => host.trim()).filter((host) => host !== ''));

const supportSchema = z.enum(['off', 'on', 'fallback', 'override']).transform((support) => support !== 'off');
