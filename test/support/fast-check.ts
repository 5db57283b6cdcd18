import * as fc from "fast-check";

/*
 * A maximum that a property names is reached: fast-check would else stop at about ten elements, whatever the maximum,
 * and most mistakes of tables and windows begin beyond. One that names none stays small.
 */
fc.configureGlobal({ defaultSizeToMaxWhenMaxSpecified: true });
