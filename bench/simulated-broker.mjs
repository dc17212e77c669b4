// A broker for what real sockets cannot show here: up to 100,000 clients, which exist only as a table, and answers
// that wait. MQTT 3.1.1 by aedes; it answers the control API and the inspect API.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const CLIENT_CONTROL = '$CONTROL/cedalo/client-control/v1';
const INSPECT = '$CONTROL/cedalo/inspect/v1';

/** How many clients there are: `device-0`, `device-1` …, and how long each answer waits, milliseconds. */
let settings = { clients: 0, delayMs: 0 };
let table = new Map();

const describe = (clientid, index) => ({
  clientid,
  username: 'device',
  address: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
  protocol: 'MQTT',
  protocolVersion: 'v5',
  connected: true,
  lastConnect: 1_795_435_200_000,
  lastDisconnect: null,
});

function run({ command, clientid, offset = 0, count = -1 }) {
  switch (command) {
    case 'subscribeClient':
      return table.has(clientid) ? { data: {} } : { error: 'Client not found' };
    case 'listClients': {
      const clients = [];
      const end = count === -1 ? table.size : Math.min(offset + count, table.size);
      for (let index = offset; index < end; index += 1) clients.push(table.get(`device-${index}`));
      return { data: { totalCount: table.size, clients } };
    }
    default:
      return { error: 'Unknown command' };
  }
}

const aedes = await Aedes.createBroker({ concurrency: 0 });
aedes.authorizePublish = (_client, _packet, done) => done(null);
aedes.on('publish', ({ topic, payload }, client) => {
  if (client === null || (topic !== CLIENT_CONTROL && topic !== INSPECT)) return;
  const { commands } = JSON.parse(payload.toString());
  const answer = () => {
    const responses = commands.map((each) => ({
      command: each.command,
      correlationData: each.correlationData,
      ...run(each),
    }));
    const message = {
      cmd: 'publish',
      topic: `${topic}/response`,
      payload: JSON.stringify({ responses }),
      qos: 0,
      retain: false,
      dup: false,
    };
    aedes.publish(message, () => undefined);
  };
  if (settings.delayMs > 0) setTimeout(answer, settings.delayMs);
  else answer();
});

const server = createServer((socket) => {
  socket.setNoDelay(true);
  aedes.handle(socket);
}).listen(0, '127.0.0.1');
await once(server, 'listening');

process.on('message', (next) => {
  settings = next;
  table = new Map();
  for (let index = 0; index < settings.clients; index += 1) {
    table.set(`device-${index}`, describe(`device-${index}`, index));
  }
  process.send({ done: true });
});
process.once('disconnect', () => process.exit(0));
process.send({ url: `mqtt://127.0.0.1:${server.address().port}` });
