// Many offline sessions on a broker: each connects with a session that stays, and leaves.
import { once } from 'node:events';
import { connect } from 'node:net';

const SIDE_BY_SIDE = 64;

/** A CONNECT packet of MQTT 3.1.1 without a clean session, and a DISCONNECT behind it. */
function connectAndLeave(clientId) {
  const text = (value) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
  };
  const rest = Buffer.concat([text('MQTT'), Buffer.from([4, 0, 0, 60]), text(clientId)]);
  if (rest.length > 127) throw new Error('longer than this writes');
  return Buffer.concat([Buffer.from([0x10, rest.length]), rest, Buffer.from([0xe0, 0])]);
}

/**
 * Leaves `count` sessions on a broker; the ids of `rare` of them begin with `vendor-x`.
 *
 * @param {number} port on 127.0.0.1
 */
export async function leaveSessions(port, count, rare) {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const at = next++;
      const vendor = at % Math.floor(count / rare) === 0 ? 'vendor-x' : 'vendor-y';
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      socket.end(connectAndLeave(`${vendor}-${at}`));
      socket.resume();
      await once(socket, 'close');
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
}
