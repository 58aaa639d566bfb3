export * from './draw.js';
export * from './game.js';
export * from './generated/index.js';
export * from './send.js';
