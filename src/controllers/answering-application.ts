import type {Server} from 'node:http';
import type {ApplicationConfig} from '@loopback/core';
import {RestApplication} from '@loopback/rest';
import {OpenRequests} from './open-requests';

/** A REST application that ends only once what it has accepted was answered. */
export class AnsweringApplication extends RestApplication {
  readonly requests = new OpenRequests();

  /** @param graceMs how long requests may go on once it is told to stop, in milliseconds */
  constructor(
    config: ApplicationConfig,
    private readonly graceMs: number,
  ) {
    super(config);
    this.middleware(this.requests.count);
  }

  override async start(): Promise<void> {
    await super.start();
    const server = this.httpServer();
    if (server) this.requests.follow(server);
  }

  /** Answers what was accepted, then ends whatever works in the background. */
  override async stop(): Promise<void> {
    const server = this.httpServer();
    if (server) await this.requests.end(server, this.graceMs);
    await super.stop();
  }

  private httpServer(): Server | undefined {
    return this.restServer.httpServer?.server as Server | undefined;
  }
}
