'use strict';
const {readFileSync} = require('node:fs');
const {join} = require('node:path');

const sql = name => readFileSync(join(__dirname, 'sqls', name), 'utf8');

exports.up = db => db.runSql(sql('20261130000000-job-control-up.sql'));
exports.down = db => db.runSql(sql('20261130000000-job-control-down.sql'));
exports._meta = {version: 1};
