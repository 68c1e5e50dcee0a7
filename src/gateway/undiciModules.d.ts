// undici's own modules, imported one by one: its index also replaces the process's global fetch dispatcher, which is
// the extension host's when the engine runs in its thread, and more than half of what it loads is never used here.

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
