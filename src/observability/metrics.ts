import {Counter, collectDefaultMetrics, Gauge, Histogram, Registry} from 'prom-client';

/** What the service measures of itself, for Prometheus. */
export class ServiceMetrics {
  private readonly registry = new Registry();
  private readonly requests: Histogram<'method' | 'route' | 'status'>;
  private readonly rejected: Counter;
  private readonly signed: Counter;
  private readonly unsigned: Counter;
  private readonly witnessed: Counter<'result'>;
  private readonly alerts: Counter<'level'>;
  private readonly rewritten: Gauge;
  private readonly streams: Gauge;

  /** @param waiting how many callers wait for a database connection */
  constructor(waiting: () => number) {
    collectDefaultMetrics({register: this.registry});
    this.requests = new Histogram({
      name: 'audit_http_request_duration_seconds',
      help: 'Time from the first byte of a request to the last byte of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
      registers: [this.registry],
    });
    this.rejected = new Counter({
      name: 'audit_outbox_rejected_total',
      help: 'Entries of outboxes that were laid aside in audit_outbox_rejected',
      registers: [this.registry],
    });
    const registers = [this.registry];
    this.signed = new Counter({
      ...{
        name: 'audit_checkpoints_signed_total',
        help: 'Trees that were found signed, or were signed',
        registers,
      },
    });
    this.unsigned = new Counter({
      ...{
        name: 'audit_checkpoints_failed_total',
        help: 'Checkpoints that could not be signed or kept',
        registers,
      },
    });
    this.witnessed = new Counter({
      name: 'audit_witness_requests_total',
      help: 'Checkpoints that a witness was asked to cosign, by what came of it',
      labelNames: ['result'],
      registers,
    });
    this.alerts = new Counter({
      name: 'audit_alerts_total',
      help: 'Alerts that rules of detection have raised, by level',
      labelNames: ['level'],
      registers,
    });
    this.rewritten = new Gauge({
      name: 'audit_history_rewritten',
      help: 'Trees that are not what was signed of them: somebody has restored or rewritten the database',
      registers,
    });
    this.streams = new Gauge({
      name: 'audit_streams_open',
      help: 'Streams of entries that are open',
      registers,
    });
    new Gauge({
      name: 'audit_database_waiting',
      help: 'Callers that wait for a database connection',
      registers: [this.registry],
      collect() {
        this.set(waiting());
      },
    });
  }

  observe(method: string, path: string, status: number, seconds: number): void {
    this.requests.observe({method, route: routeOf(path), status: String(status)}, seconds);
  }

  countRejected(entries: number): void {
    this.rejected.inc(entries);
  }

  countSigned(): void {
    this.signed.inc();
  }

  countUnsigned(): void {
    this.unsigned.inc();
  }

  countWitnessed(result: string): void {
    this.witnessed.inc({result});
  }

  countAlert(level: string): void {
    this.alerts.inc({level});
  }

  /** @param trees how many trees are not what was signed of them now */
  setRewritten(trees: number): void {
    this.rewritten.set(trees);
  }

  setStreams(open: number): void {
    this.streams.set(open);
  }

  /** Content type and text of the exposition format. */
  async expose(): Promise<{contentType: string; text: string}> {
    return {contentType: this.registry.contentType, text: await this.registry.metrics()};
  }
}

const KNOWN =
  /(\/audit-logs(?:\/(?:batch|count|export|archive|erasure|jobs|checkpoint|consistency|keys|tile|suspicious-activity|stream|alerts|detection-rules))?|\/health|\/ready|\/metrics|\/openapi\.json|\/explorer)(?:\/.*)?$/;

/** The route of a path, without ids: a label with a value for each entry would never stop growing. */
function routeOf(path: string): string {
  const [, route] = KNOWN.exec(path) ?? [];
  if (route === undefined) return 'other';
  return path.endsWith(route) ? route : `${route}/{id}`;
}
