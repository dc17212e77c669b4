import { Module } from '@nestjs/common';
import { BrokerGateway } from './broker-gateway.js';

/** The connections to the brokers. */
@Module({ providers: [BrokerGateway], exports: [BrokerGateway] })
export class BrokerGatewayModule {}
