const PREFIX = 'client_control_';
const SAMPLE = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

type Labels = Readonly<Record<string, string>>;

/** One line of the Prometheus text format. */
export interface Sample {
  /** Without the prefix that all have. */
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** What an application answers to Prometheus. */
export class Samples {
  readonly #samples: readonly Sample[];

  private constructor(readonly text: string) {
    this.#samples = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(toSample);
  }

  /** @param url of the service */
  static async scrape(url: string): Promise<Samples> {
    return new Samples(await (await fetch(`${url}/metrics`)).text());
  }

  /** The samples that have these labels, and perhaps others. */
  all(name: string, labels: Labels = {}): Sample[] {
    return this.#samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** The value of the one sample that has these labels; undefined if there is none. */
  value(name: string, labels: Labels = {}): number | undefined {
    const [sample, another] = this.all(name, labels);
    if (another !== undefined) throw new Error(`several samples of ${name} match`);
    return sample?.value;
  }
}

function toSample(line: string): Sample {
  const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? [];
  if (!name.startsWith(PREFIX)) throw new Error(`not a sample of ours: ${line}`);
  return {
    name: name.slice(PREFIX.length),
    labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text])),
    value: Number(value),
  };
}
