// The MQTT ceiling: mqtt.js and nothing else, sending control commands to the broker and reading its answers.
import { performance } from 'node:perf_hooks';
import { connectAsync } from 'mqtt';

const TOPIC = '$CONTROL/cedalo/client-control/v1';
const [url, username, password, clientid, connections = '1'] = process.argv.slice(2);
const WARM_UP_MS = 300;
/** Commands per message, messages under way, and the names of the runs. */
const RUNS = [
  { name: 'one', commands: 1, messages: 1 },
  { name: 'pipelined', commands: 1, messages: 64 },
  { name: 'batched', commands: 100, messages: 4 },
];

const waiting = new Map();
const brokers = [];
for (let i = 0; i < Number(connections); i += 1) {
  const mqtt = await connectAsync(url, { username, password, protocolVersion: 5, reconnectPeriod: 0 });
  await mqtt.subscribeAsync(`${TOPIC}/response`);
  mqtt.on('message', (_topic, payload) => {
    for (const { correlationData, error } of JSON.parse(payload.toString()).responses) {
      if (error !== undefined) throw new Error(`the broker answered: ${error}`);
      waiting.get(correlationData)?.();
      waiting.delete(correlationData);
    }
  });
  brokers.push(mqtt);
}

let sequence = 0;
/** Sends one message, over any one of the connections; resolves with the time from the first byte to the last of its answers, milliseconds. */
function roundTrip(count) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let missing = count;
    const commands = Array.from({ length: count }, () => {
      const correlationData = `raw.${(sequence++).toString(36)}`;
      waiting.set(correlationData, () => {
        missing -= 1;
        if (missing === 0) resolve(performance.now() - startedAt);
      });
      return { command: 'subscribeClient', clientid, topic: 'firmware/updates', qos: 1, correlationData };
    });
    const mqtt = brokers[Math.floor(Math.random() * brokers.length)];
    mqtt.publish(TOPIC, JSON.stringify({ commands }), { qos: 0 });
  });
}

/** Keeps `messages` messages of `commands` commands under way. */
async function measure({ commands, messages }, milliseconds) {
  const latencies = [];
  const startedAt = performance.now();
  const worker = async () => {
    while (performance.now() - startedAt < milliseconds) latencies.push(await roundTrip(commands));
  };
  await Promise.all(Array.from({ length: messages }, worker));
  const elapsed = performance.now() - startedAt;
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.floor(latencies.length * share)];
  return {
    perSecond: (latencies.length * commands * 1000) / elapsed,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

process.on('message', async ({ seconds, only }) => {
  const results = {};
  const runs = RUNS.filter(({ name }) => only === undefined || name === only);
  for (const { name, ...run } of runs) results[name] = await measure(run, seconds * 1000);
  process.send(results);
});
process.once('disconnect', () => process.exit(0));
for (const run of RUNS) await measure(run, WARM_UP_MS);
process.send({ ready: true });
