/** For editors: what a build may define (`asc --use`). The compiler does not read this file. */
declare const REPLAY: i32;
