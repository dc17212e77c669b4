import { Module } from '@nestjs/common';
import { BrokerGatewayModule } from '../broker-gateway/broker-gateway.module.js';
import { BrokerClients } from './broker-clients.js';

/** Which clients the brokers have. */
@Module({ imports: [BrokerGatewayModule], providers: [BrokerClients], exports: [BrokerClients] })
export class BrokerClientsModule {}
