import { X509Certificate } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { BrokerGateway } from '../broker-gateway/broker-gateway.js';
import type { Config } from '../config/config.js';
import { ConfigStore } from '../config/config-store.js';
import { PREFIX } from '../metrics/metric-names.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';

/** Something of the configuration that ends by itself. */
interface Ending {
  readonly kind: 'token' | 'service-certificate' | 'client-certificate' | 'broker-certificate';
  /** The token's name, or the broker that the certificate is for as `project/broker`; empty for the service's own. */
  readonly name: string;
  readonly at: Date;
}

/** Tells when what the configuration names ends: tokens, certificates of its own and those of the brokers. */
@Injectable()
export class ExpiryMetrics {
  constructor(registry: MetricsRegistry, store: ConfigStore, gateway: BrokerGateway) {
    const brokers = (): Ending[] => brokerCertificates(store.current, gateway);
    const gauge = new Gauge({
      name: `${PREFIX}expiry_timestamp_seconds`,
      help:
        'When something of the configuration ends, Unix time: tokens by name, the service-certificate of http.tls, and the ' +
        'client-certificate for a broker and the broker-certificate that it shows, named project/broker.',
      labelNames: ['kind', 'name'],
      registers: [registry.own],
      collect() {
        for (const { kind, name, at } of brokers()) this.set({ kind, name }, at.getTime() / 1000);
      },
    });
    const follow = (config: Config): void => {
      gauge.reset();
      for (const { kind, name, at } of endingsOf(config)) gauge.set({ kind, name }, at.getTime() / 1000);
    };
    follow(store.current);
    store.onChange(follow);
  }
}

/** Those that the brokers showed when this service last logged in. */
function brokerCertificates({ projects }: Config, gateway: BrokerGateway): Ending[] {
  return projects.flatMap(({ id: projectId, brokers }) =>
    brokers.flatMap(({ id: brokerId }) => {
      const { certificateExpiresAt } = gateway.status({ projectId, brokerId });
      if (certificateExpiresAt === null) return [];
      const at = new Date(certificateExpiresAt);
      return [{ kind: 'broker-certificate', name: `${projectId}/${brokerId}`, at } as const];
    }),
  );
}

function endingsOf({ auth, http, projects }: Config): Ending[] {
  const tokens = auth.tokens.flatMap(({ name, expiresAt }) =>
    expiresAt === undefined ? [] : [{ kind: 'token', name, at: expiresAt } as const],
  );
  const own = certificateEnd(http.tls?.cert).map(
    (at) => ({ kind: 'service-certificate', name: '', at }) as const,
  );
  const clients = projects.flatMap((project) =>
    project.brokers.flatMap((broker) =>
      certificateEnd(broker.tls?.cert).map(
        (at) => ({ kind: 'client-certificate', name: `${project.id}/${broker.id}`, at }) as const,
      ),
    ),
  );
  return [...tokens, ...own, ...clients];
}

/** The end of the first certificate of a file, which is the one that is shown. */
function certificateEnd(pem: string | undefined): Date[] {
  return pem === undefined ? [] : [new Date(new X509Certificate(pem).validTo)];
}
