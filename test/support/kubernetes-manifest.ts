import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';

/** A Kubernetes object as a manifest holds it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly [field: string]: unknown;
}

const KINDS = [
  ConfigMap,
  Deployment,
  HorizontalPodAutoscaler,
  Ingress,
  NetworkPolicy,
  PodDisruptionBudget,
  Secret,
  Service,
];

/**
 * The problems of a manifest by the API schemas that the package kubernetes-models carries; empty when there are none.
 * Fields that the schema does not know count too, as with `kubectl apply --validate=strict`.
 */
export function kubernetesProblems(manifest: Manifest): string[] {
  const model = KINDS.find(
    ({ apiVersion, kind }) => apiVersion === manifest.apiVersion && kind === manifest.kind,
  );
  if (model === undefined) return [`${manifest.apiVersion} ${manifest.kind} is not a known kind`];
  // The schemas let unknown fields pass; but their validator reads a field only if it knows it.
  const unread = new Set<string>();
  const watched = watchReads(new model(manifest as never), '', unread);
  try {
    watched.validate();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  return [...unread].map((path) => `${path} is not a known field`);
}

/** The same value, removing from `unread` the path of each field that is read. */
function watchReads<T>(value: T, path: string, unread: Set<string>): T {
  if (typeof value !== 'object' || value === null) return value;
  const pathOf = (key: string): string => `${path}/${key}`;
  const isArray = Array.isArray(value);
  const watched = new Map(
    Object.entries(value).map(([key, child]: [string, unknown]) => {
      if (!isArray) unread.add(pathOf(key));
      return [key, watchReads(child, pathOf(key), unread)];
    }),
  );
  return new Proxy(value, {
    get(target, key, receiver): unknown {
      if (typeof key !== 'string' || !watched.has(key)) return Reflect.get(target, key, receiver);
      unread.delete(pathOf(key));
      return watched.get(key);
    },
  });
}
