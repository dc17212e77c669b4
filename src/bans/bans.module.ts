import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { BansController } from './bans.controller.js';
import { BansService } from './bans.service.js';

/** Keeps clients out. */
@Module({
  imports: [RegistryModule, BrokerGatewayModule, AuditModule],
  controllers: [BansController],
  providers: [BansService],
})
export class BansModule {}
