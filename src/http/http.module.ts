import { Global, Module } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { Drain } from './drain.js';
import { ValidatingPipe } from './body/validating.pipe.js';

/** What all HTTP routes share. */
@Global()
@Module({ providers: [Drain, { provide: APP_PIPE, useClass: ValidatingPipe }], exports: [Drain] })
export class HttpModule {}
