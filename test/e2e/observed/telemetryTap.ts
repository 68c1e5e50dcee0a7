import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';

const attributeSchema = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const exportSchema = z.object({
  resourceLogs: z.array(
    z.object({
      scopeLogs: z.array(
        z.object({
          logRecords: z.array(
            z.object({ body: z.object({ stringValue: z.string() }), attributes: z.array(attributeSchema) }),
          ),
        }),
      ),
    }),
  ),
});
const requestSchema = z.object({ request_id: z.string(), model: z.string(), cost_usd: z.number(), speed: z.string() });

/** What Claude Code says that one request has cost. */
export type ToldCost = z.infer<typeof requestSchema>;

/** A listener between an agent and its observer, for what that drops. */
export interface TelemetryTap {
  /** In place of the observer's URL. */
  readonly url: string;
  readonly costs: readonly ToldCost[];
  /** All that has come, headers and bodies. */
  readonly said: readonly string[];
  close(): Promise<void>;
}

/** @param observerUrl where all is passed on to. */
export async function tapTelemetry(observerUrl: string): Promise<TelemetryTap> {
  const costs: ToldCost[] = [];
  const said: string[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await readAll(request);
      said.push(request.rawHeaders.join('\n'), body);
      costs.push(...costsIn(body));
      const answer = await fetch(observerUrl + (request.url ?? ''), {
        method: 'POST',
        body,
        headers: { 'content-type': request.headers['content-type'] ?? '' },
      });
      response.writeHead(answer.status).end(await answer.text());
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    costs,
    said,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function costsIn(body: string): ToldCost[] {
  return exportSchema
    .parse(JSON.parse(body))
    .resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords))
    .filter(({ body: { stringValue } }) => stringValue === 'claude_code.api_request')
    .map(({ attributes }) =>
      requestSchema.parse(Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))),
    );
}
