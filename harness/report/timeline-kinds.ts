import type { TimelineRecord } from './run-record';

/** What a record means to the pages beyond being a mark on the timeline. */
export type RecordKind =
  | { readonly kind: 'mark' }
  | { readonly kind: 'console-line' }
  | { readonly kind: 'stream-line'; readonly line: string }
  | { readonly kind: 'progress'; readonly percent: number; readonly status: string }
  | { readonly kind: 'sent'; readonly percent: number };

const MARK: RecordKind = { kind: 'mark' };

/** Reads a record by lane, name and data; an event of the stream that is no JSON with a progress is a log line. */
export function kindOf(record: TimelineRecord): RecordKind {
  const { lane, name, data = {} } = record;
  if (lane === 'serial') return name === 'line' ? { kind: 'console-line' } : MARK;
  if (lane === 'http') return sentOf(data);
  if (lane !== 'sse') return MARK;
  const progress = progressOf(data);
  if (progress !== undefined) return progress;
  if (name === 'log') return { kind: 'stream-line', line: record.text ?? '' };
  const { event, data: body } = data;
  const isLog = name === 'sse-event' && (event === 'log' || event === 'message' || event === '');
  return isLog && typeof body === 'string' ? { kind: 'stream-line', line: body } : MARK;
}

function sentOf(data: Readonly<Record<string, unknown>>): RecordKind {
  const { sentBytes, totalBytes } = data;
  if (typeof sentBytes !== 'number' || typeof totalBytes !== 'number' || totalBytes <= 0) return MARK;
  return { kind: 'sent', percent: Math.min(100, (sentBytes / totalBytes) * 100) };
}

/** Directly in the record's data, or in the JSON of an event that was recorded as it came. */
function progressOf(data: Readonly<Record<string, unknown>>): RecordKind | undefined {
  const { progress, status, data: body } = data;
  if (typeof progress === 'number') {
    return { kind: 'progress', percent: progress, status: typeof status === 'string' ? status : '' };
  }
  if (typeof body !== 'string' || !body.startsWith('{')) return undefined;
  try {
    const { progress: percent, status: word } = JSON.parse(body) as Record<string, unknown>;
    return progressOf({ progress: percent, status: word });
  } catch {
    return undefined;
  }
}
