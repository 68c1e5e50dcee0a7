import { AnthropicError } from './anthropicError.ts';

/** A model as `GET /v1/models` lists it. */
export interface CatalogueModel {
  readonly type: 'model';
  readonly id: string;
  readonly display_name: string;
  /** RFC 3339. */
  readonly created_at: string;
  readonly max_input_tokens: number;
  readonly max_tokens: number;
  readonly capabilities: null;
  readonly lifecycle: 'active';
  readonly line: 'opus' | 'sonnet' | 'haiku';
  readonly deprecated_at: null;
  readonly retires_at: null;
}

const DEFAULT_PAGE_LENGTH = 20;

function model(line: CatalogueModel['line'], version: string, createdAt: string): CatalogueModel {
  const name = line.charAt(0).toUpperCase() + line.slice(1);
  return {
    type: 'model',
    id: `claude-${line}-${version.replace('.', '-')}`,
    display_name: `Claude ${name} ${version}`,
    created_at: createdAt,
    max_input_tokens: 1_000_000,
    max_tokens: 128_000,
    capabilities: null,
    lifecycle: 'active',
    line,
    deprecated_at: null,
    retires_at: null,
  };
}

/** Ids are real, dates are not. Messages of models that are not here are answered all the same. */
export const CATALOGUE: readonly CatalogueModel[] = [
  model('opus', '5.5', '2026-10-01T00:00:00Z'),
  model('sonnet', '5.5', '2026-09-01T00:00:00Z'),
  model('haiku', '5.5', '2026-08-01T00:00:00Z'),
  model('opus', '4.8', '2026-05-01T00:00:00Z'),
];

/** The answer to `GET /v1/models`, with the API's paging by `limit` and `after_id`. */
export function modelPage(query: URLSearchParams): object {
  const limit = Number(query.get('limit') ?? DEFAULT_PAGE_LENGTH);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000) {
    throw new AnthropicError('invalid_request_error', 'limit: Input should be between 1 and 1000');
  }
  const start = CATALOGUE.findIndex(({ id }) => id === query.get('after_id')) + 1;
  const data = CATALOGUE.slice(start, start + limit);
  return {
    data,
    has_more: start + limit < CATALOGUE.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}

/**
 * The answer to `GET /v1/models/:id`.
 *
 * @throws AnthropicError 404
 */
export function modelById(id: string): CatalogueModel {
  const found = CATALOGUE.find((entry) => entry.id === id);
  if (found === undefined) {
    throw new AnthropicError('not_found_error', `model: ${id}`);
  }
  return found;
}
