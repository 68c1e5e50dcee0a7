import { createHash } from 'node:crypto';
import { appendFile, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

const models = ['claude-opus-4-5-20251101', 'claude-sonnet-4-5-20250929', 'claude-haiku-4-5-20251001'];
const code = `    if (\\"ready\\" in state) {\\n      return await this.#settle(reservation, { tokens: state.tokens }); // until the end\\n    }\\n`;
const dayMs = 86_400_000;
const lastDay = Date.UTC(2026, 9, 31);

/** Random numbers that are the same every time. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 0 to below `end`. */
  below(end: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * end);
  }

  /** Mostly small, at times large. */
  length(usual: number): number {
    return Math.floor(usual * 0.2 + usual * -Math.log(1 - this.below(1_000_000) / 1_000_001));
  }
}

/** Writes the lines of one session as Claude Code 2.1 does. */
class GeneratedSession {
  readonly #dice: Dice;
  readonly #id: string;
  readonly #project: string;
  #at: number;
  #context = 15_000;
  #serial = 0;

  constructor(seed: number, project: string) {
    this.#dice = new Dice(seed + 1);
    this.#id = uuid(`session ${seed}`);
    this.#project = project;
    this.#at = lastDay - this.#dice.below(90) * dayMs + this.#dice.below(dayMs);
  }

  get id(): string {
    return this.#id;
  }

  /** One request of the agent's, its answer in two or three lines, and what the tool said. */
  turn(): string {
    const [dice, serial] = [this.#dice, (this.#serial += 1)];
    this.#at += 3000 + dice.below(30_000);
    const [messageId, requestId] = [`msg_01${this.#hash('m', serial)}`, `req_01${this.#hash('r', serial)}`];
    const written = 200 + dice.length(1500);
    const usage = {
      input_tokens: dice.below(20),
      cache_creation_input_tokens: written,
      cache_read_input_tokens: this.#context,
      output_tokens: dice.length(400),
      server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
      service_tier: 'standard',
      cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: written },
      inference_geo: '',
      iterations: [],
      speed: 'standard',
    };
    this.#context = this.#context + written > 160_000 ? 15_000 : this.#context + written;
    const answer = (block: string): string =>
      `${this.#head()}"message":{"model":"${models[serial % 17 === 0 ? 2 : serial % 5 === 0 ? 1 : 0] ?? ''}","id":"${messageId}",` +
      `"type":"message","role":"assistant","content":[${block}],"stop_reason":"tool_use","stop_sequence":null,` +
      `"usage":${JSON.stringify(usage)},"stop_details":null},"requestId":"${requestId}","type":"assistant",${this.#tail()}\n`;
    const tool = `toolu_01${this.#hash('t', serial)}`;
    const lines = [
      answer(`{"type":"text","text":"${text(dice.length(500))}"}`),
      answer(
        `{"type":"tool_use","id":"${tool}","name":"Edit","input":{"file_path":"/src/a.ts","new_string":"${text(dice.length(1500))}"}}`,
      ),
      `${this.#head()}"message":{"role":"user","content":[{"tool_use_id":"${tool}","type":"tool_result","content":"${text(dice.length(4000))}"}]},` +
        `"toolUseResult":{"stdout":"${text(dice.length(4000))}","stderr":"","interrupted":false},"type":"user",${this.#tail()}\n`,
    ];
    if (serial % 3 === 0)
      lines.unshift(
        answer(`{"type":"thinking","thinking":"${text(dice.length(900))}","signature":"${'Ep0C'.repeat(90)}"}`),
      );
    return lines.join('');
  }

  #head(): string {
    return `{"parentUuid":"${uuid(`${this.#id}${this.#serial}`)}","isSidechain":false,`;
  }

  #tail(): string {
    this.#at += 500;
    return (
      `"uuid":"${uuid(`${this.#at}`)}","timestamp":"${new Date(this.#at).toISOString()}","userType":"external","entrypoint":"cli",` +
      `"cwd":"/home/user/${this.#project}","sessionId":"${this.#id}","version":"2.1.330","gitBranch":"main"}`
    );
  }

  #hash(kind: string, serial: number): string {
    return createHash('sha1').update(`${kind}${this.#id}${serial}`).digest('hex').slice(0, 22);
  }
}

/**
 * Fills a configuration directory with transcripts that are like real ones.
 * @returns the path of one of them, and what a turn more in it is.
 */
export async function generateTranscripts(
  configDirectory: string,
  bytes: number,
): Promise<{ readonly path: string; readonly append: () => Promise<void>; readonly files: number }> {
  let [left, seed] = [bytes, 0];
  let last: { path: string; session: GeneratedSession } | undefined;
  while (left > 0 || last === undefined) {
    const project = `project-${seed % 23}`;
    const session = new GeneratedSession(seed, project);
    const directory = join(configDirectory, 'projects', `-home-user-${project}`);
    await mkdir(directory, { recursive: true });
    const path = join(directory, `${session.id}.jsonl`);
    const file = await open(path, 'w');
    let wanted = Math.min(left, new Dice(seed + 77).length(2_500_000) + 20_000);
    left -= wanted;
    while (wanted > 0) {
      const turns: string[] = [];
      for (let turn = 0; turn < 50 && wanted > 0; turn += 1) {
        const written = session.turn();
        turns.push(written);
        wanted -= written.length;
      }
      await file.write(turns.join(''));
    }
    await file.close();
    last = { path, session };
    seed += 1;
  }
  const { path, session } = last;
  return { path, append: () => appendFile(path, session.turn()), files: seed };
}

function text(length: number): string {
  return code.repeat(Math.ceil(length / code.length));
}

function uuid(seed: string): string {
  const hash = createHash('sha1').update(seed).digest('hex');
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-${hash.slice(12, 16)}-${hash.slice(16, 20)}-${hash.slice(20, 32)}`;
}
