// LoopBack makes a `debug` logger for every request, and each asks the system whether stderr is a terminal: a
// twentieth of the time of a small request. It is asked once, before the library is loaded.
process.env.DEBUG_COLORS ??= String(process.stderr.isTTY === true);
