'use strict';
const {readFileSync} = require('node:fs');
const {join} = require('node:path');

const sql = name => readFileSync(join(__dirname, 'sqls', name), 'utf8');

exports.up = db => db.runSql(sql('20261130100000-streams-up.sql'));
exports.down = db => db.runSql(sql('20261130100000-streams-down.sql'));
exports._meta = {version: 1};
