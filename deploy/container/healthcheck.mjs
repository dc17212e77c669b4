// The image's HEALTHCHECK: asks the service in the same container whether it lives. Exit status 0 if it does, 1 if not.
import { get } from 'node:http';
import { get as getSecurely } from 'node:https';

const TIMEOUT_MS = 4000;
const options = {
  host: '127.0.0.1',
  port: process.env.PORT || 3000,
  path: '/health/live',
  timeout: TIMEOUT_MS,
};

const statusFrom = (request) =>
  new Promise((resolve) => {
    request
      .on('response', (response) => resolve(response.statusCode))
      .on('timeout', () => request.destroy())
      .on('error', () => resolve(undefined));
  });

// With http.tls the service speaks HTTPS only; its certificate names the outside world's host, not the loopback address.
const status =
  (await statusFrom(get(options))) ??
  (await statusFrom(getSecurely({ ...options, rejectUnauthorized: false })));
process.exit(status === 200 ? 0 : 1);
