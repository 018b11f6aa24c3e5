#!/usr/bin/env node
console.log('pleat');
