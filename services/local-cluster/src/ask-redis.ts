import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * Sends one inline command (`PING`, `SAVE`) on a new connection and returns the raw first line of
 * the answer: `+PONG`, `-NOAUTH ...`.
 *
 * Sufficient to detect a Redis, without its password or a client.
 * @throws Error without an answer in time.
 */
export function askRedis(url: string, command: string, timeoutMs = 1000): Promise<string> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const address = { host, port: Number(port || 6379) };
  return new Promise((resolve, reject) => {
    const socket =
      protocol === 'rediss:'
        ? // This only detects a server: clients that send data verify its certificate.
          connectTls({ ...address, rejectUnauthorized: false })
        : connect(address);
    const deadline = setTimeout(() => fail(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(deadline);
      socket.destroy();
      reject(error);
    };
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      answer += text;
      const end = answer.indexOf('\r\n');
      if (end === -1) return;
      clearTimeout(deadline);
      socket.destroy();
      resolve(answer.slice(0, end));
    });
    socket.on('error', fail);
    socket.on('end', () => fail(new Error('the connection was closed without an answer')));
    socket.write(`${command}\r\n`);
  });
}

/** Whether a Redis answers there and has loaded its data; one that requires a password counts. */
export async function redisAnswers(url: string): Promise<boolean> {
  try {
    const answer = await askRedis(url, 'PING');
    return answer === '+PONG' || answer.startsWith('-NOAUTH') || answer.startsWith('-NOPERM');
  } catch {
    return false;
  }
}
