// undici's own modules, imported one by one: its index also replaces the process's global fetch dispatcher, which is
// the extension host's when the engine runs in its thread, and more than half of what it loads is never used here.
// Version 8 asks for Node 22.19, of which VS Code has 22.15 since 1.101: what is imported here runs there (the gateway's unit
// tests were run with it). Version 7 ended the process when an upstream closed a connection that was being read slowly
// (nodejs/undici#5360).

declare module 'undici/lib/dispatcher/agent.js' {
  import type { Agent } from 'undici';
  const exported: typeof Agent;
  export = exported;
}

declare module 'undici/lib/dispatcher/pool.js' {
  import type { Pool } from 'undici';
  const exported: typeof Pool;
  export = exported;
}

declare module 'undici/lib/dispatcher/env-http-proxy-agent.js' {
  import type { EnvHttpProxyAgent } from 'undici';
  const exported: typeof EnvHttpProxyAgent;
  export = exported;
}

declare module 'undici/lib/api/api-connect.js' {
  import type { Dispatcher } from 'undici';
  const exported: Dispatcher['connect'];
  export = exported;
}
