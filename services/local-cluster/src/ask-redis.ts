import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * Sends one inline command (`PING`, `SAVE`) on a connection of its own and returns the first line of
 * the answer as it stands on the wire: `+PONG`, `-NOAUTH ...`.
 *
 * Enough to see whether a Redis is there, and needs neither its password nor a client.
 * @throws Error when nothing answers there in time.
 */
export function askRedis(url: string, command: string, timeoutMs = 1000): Promise<string> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const address = { host, port: Number(port || 6379) };
  return new Promise((resolve, reject) => {
    const socket =
      protocol === 'rediss:'
        ? // Whose certificate it is matters to those who send it data, not to this look at it.
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

/** Whether a Redis answers there and has its data loaded; one that wants a password counts. */
export async function redisAnswers(url: string): Promise<boolean> {
  try {
    const answer = await askRedis(url, 'PING');
    return answer === '+PONG' || answer.startsWith('-NOAUTH') || answer.startsWith('-NOPERM');
  } catch {
    return false;
  }
}
