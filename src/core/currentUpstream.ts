import { type Credentials } from './credentials.ts';

/** Where the gateway sends requests, and with which key; undefined while there is no key. */
export class CurrentUpstream {
  target: { readonly baseUrl: string; readonly key: string } | undefined;

  /** Takes effect for the next request, of running sessions too. */
  follow(credentials: Credentials): void {
    this.target = credentials.kind === 'apiKey' ? { baseUrl: credentials.baseUrl, key: credentials.key } : undefined;
  }
}
