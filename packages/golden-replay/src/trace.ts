import { asList, asNumber, asObject, asText, type JsonObject } from './json.ts';

const HEADER_BYTES = 16;

/** One step of a trace. */
export type Step =
  | { readonly kind: 'open'; readonly link: string }
  | { readonly kind: 'close'; readonly link: string }
  | {
      readonly kind: 'send';
      readonly link: string;
      readonly bytes: Buffer;
      /** The sizes of the first writes; the rest is one more. */
      readonly split: readonly number[];
    }
  | { readonly kind: 'wait'; readonly ms: number };

/** A PDU that a link receives, and the step before it. */
export interface Arrival {
  readonly step: number;
  readonly pdu: Buffer;
}

/** The recorded behaviour of the original route server, as README.md describes it. */
export interface Trace {
  readonly name: string;
  readonly links: readonly string[];
  readonly steps: readonly Step[];
  /** Per link, in order. */
  readonly expect: Readonly<Record<string, readonly Arrival[]>>;
  /** The links that the server closed, with the step. */
  readonly closedByServer: Readonly<Record<string, number>>;
  /** Number of heartbeats of the server, where they are part of the trace. */
  readonly heartbeats: number | undefined;
}

/** Parses a trace from JSON. @throws Error that names the first invalid part. */
export function parseTrace(value: unknown): Trace {
  const trace = asObject(value);
  const expect = Object.entries(asObject(trace['expect'])).map(
    ([link, arrivals]) => [link, asList(arrivals).map(parseArrival)] as const,
  );
  const closed = Object.entries(asObject(trace['closed_by_server'] ?? {})).map(
    ([link, step]) => [link, asNumber(step)] as const,
  );
  const { heartbeats } = trace;
  return {
    name: asText(trace['name']),
    links: asList(trace['links']).map(asText),
    steps: asList(trace['steps']).map((step) => parseStep(asObject(step))),
    expect: Object.fromEntries(expect),
    closedByServer: Object.fromEntries(closed),
    heartbeats: heartbeats === undefined ? undefined : asNumber(heartbeats),
  };
}

function parseStep(step: JsonObject): Step {
  if ('open' in step) return { kind: 'open', link: asText(step['open']) };
  if ('close' in step) return { kind: 'close', link: asText(step['close']) };
  if ('wait_ms' in step) return { kind: 'wait', ms: asNumber(step['wait_ms']) };
  const split = asList(step['split'] ?? []).map((size) => asNumber(size));
  return { kind: 'send', link: asText(step['link']), bytes: sentBytes(step), split };
}

function sentBytes(step: JsonObject): Buffer {
  if ('send' in step) return parsePdu(asObject(step['send']));
  if ('send_raw' in step) return Buffer.from(asText(step['send_raw']), 'hex');
  const together = asList(step['send_together']);
  return Buffer.concat(together.map((pdu) => parsePdu(asObject(pdu))));
}

function parseArrival(value: unknown): Arrival {
  const arrival = asObject(value);
  return { step: asNumber(arrival['step']), pdu: parsePdu(arrival) };
}

function parsePdu(fields: JsonObject): Buffer {
  const body = Buffer.from(asText(fields['body_hex']), 'hex');
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(HEADER_BYTES + body.length, 0);
  header.writeUInt16BE(asNumber(fields['version'], 1), 4);
  header.writeUInt16BE(asNumber(fields['flag'], 0), 6);
  header.writeUInt16BE(asNumber(fields['service_id']), 8);
  header.writeUInt16BE(asNumber(fields['command_id']), 10);
  header.writeUInt16BE(asNumber(fields['seq_num']), 12);
  header.writeUInt16BE(asNumber(fields['reserved'], 0), 14);
  return Buffer.concat([header, body]);
}
