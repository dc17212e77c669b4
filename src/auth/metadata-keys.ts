/** Metadata key: the route is open to everybody. */
export const IS_PUBLIC = Symbol('is public');
/** Metadata key: the least role that may use the route. */
export const REQUIRED_ROLE = Symbol('required role');
