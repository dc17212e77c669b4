import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditReader } from './audit-reader.js';
import { AuditTrail } from './audit-trail.js';

/** Who did what to which client: written down, and read back. */
@Global()
@Module({ controllers: [AuditController], providers: [AuditTrail, AuditReader], exports: [AuditTrail] })
export class AuditModule {}
