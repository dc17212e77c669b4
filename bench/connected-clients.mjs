// Many clients that are really connected: bare sockets that speak as much MQTT as it takes, so that they cost little.
import { once } from 'node:events';
import { connect } from 'node:net';

const SIDE_BY_SIDE = 64;
const port = Number(process.argv[2]);

/** A CONNECT packet of MQTT 3.1.1 with a clean session and without keep-alive. */
function connectPacket(clientId) {
  const rest = Buffer.concat([
    Buffer.from([0, 4]),
    Buffer.from('MQTT'),
    Buffer.from([4, 2, 0, 0]),
    Buffer.from([clientId.length >> 8, clientId.length & 255]),
    Buffer.from(clientId),
  ]);
  if (rest.length > 127) throw new Error('longer than this writes');
  return Buffer.concat([Buffer.from([0x10, rest.length]), rest]);
}

/** Connects `count` clients, `client-0` and so on; says so, and says again when the last of them has been disconnected. */
process.on('message', async ({ count }) => {
  let open = 0;
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.once('close', () => {
        open -= 1;
        if (open === 0) process.send({ closedAt: Date.now() });
      });
      socket.write(connectPacket(`client-${next++}`));
      open += 1;
      await once(socket, 'data');
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
  process.send({ connected: count });
});
process.once('disconnect', () => process.exit(0));
process.send({ ready: true });
