import { applyDecorators } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { ID_PATTERN } from '../config/schema/fields.js';

const PARAMETERS = {
  project: { name: 'projectId', description: "The project's id.", example: 'demo' },
  broker: { name: 'brokerId', description: "The broker's id, unique in its project.", example: 'embedded' },
} as const;

/** Documents the project and broker ids in a path. */
export const ApiTarget = (...parameters: (keyof typeof PARAMETERS)[]): MethodDecorator & ClassDecorator =>
  applyDecorators(
    ...parameters.map((parameter) => {
      const { name, description, example } = PARAMETERS[parameter];
      return ApiParam({ name, description, schema: { type: 'string', pattern: ID_PATTERN.source, example } });
    }),
  );
