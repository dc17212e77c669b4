import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { StandingSubscriptionsController } from './standing-subscriptions.controller.js';
import { StandingSubscriptionsService } from './standing-subscriptions.service.js';

/** Subscriptions that clients have whenever they connect. */
@Module({
  imports: [RegistryModule, BrokerGatewayModule, AuditModule],
  controllers: [StandingSubscriptionsController],
  providers: [StandingSubscriptionsService],
})
export class StandingSubscriptionsModule {}
