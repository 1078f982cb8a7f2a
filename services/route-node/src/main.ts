console.log('v', process.version);
