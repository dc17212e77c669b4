/** Metadata key: the least role that may use the route. */
export const REQUIRED_ROLE = Symbol('required role');
