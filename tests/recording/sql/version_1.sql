-- The tables of version 1, as SQLite kept them: what the first databases in use look like.
CREATE TABLE runs (
	seq INTEGER NOT NULL, 
	workspace TEXT NOT NULL, 
	final INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	exit_code INTEGER, 
	duration_s DOUBLE, 
	memory_bytes BIGINT, 
	cpu_s DOUBLE, 
	wait_s DOUBLE, 
	duration_class INTEGER, 
	memory_class INTEGER, 
	cpu_class INTEGER, 
	wait_class INTEGER, 
	cause TEXT, 
	image TEXT, 
	name TEXT, 
	"key" TEXT NOT NULL, 
	command TEXT NOT NULL, 
	executor TEXT, 
	source TEXT NOT NULL, 
	host TEXT, 
	branch TEXT, 
	commit_id TEXT, 
	job_id TEXT NOT NULL, 
	owner TEXT, 
	number BIGINT, 
	ended_at BIGINT NOT NULL, 
	log_indexed INTEGER DEFAULT 0 NOT NULL, 
	PRIMARY KEY (seq), 
	CONSTRAINT runs_job_id UNIQUE (workspace, job_id)
);
CREATE INDEX runs_commit_id ON runs (workspace, commit_id, seq) WHERE commit_id IS NOT NULL;
CREATE INDEX runs_host ON runs (workspace, host, seq) WHERE host IS NOT NULL;
CREATE INDEX runs_memory_bytes ON runs (workspace, memory_class, seq, memory_bytes) WHERE memory_class IS NOT NULL;
CREATE INDEX runs_image ON runs (workspace, image, seq) WHERE image IS NOT NULL;
CREATE INDEX runs_exit_code ON runs (workspace, exit_code, seq) WHERE exit_code IS NOT NULL;
CREATE INDEX runs_number ON runs (number) WHERE number IS NOT NULL;
CREATE INDEX runs_name ON runs (workspace, name, seq) WHERE name IS NOT NULL;
CREATE INDEX runs_time ON runs (workspace, seq);
CREATE INDEX runs_status ON runs (workspace, status, seq);
CREATE INDEX runs_key ON runs (workspace, "key", seq);
CREATE INDEX runs_wait_s ON runs (workspace, wait_class, seq, wait_s) WHERE wait_class IS NOT NULL;
CREATE INDEX runs_source ON runs (workspace, source, seq);
CREATE INDEX runs_branch ON runs (workspace, branch, seq) WHERE branch IS NOT NULL;
CREATE INDEX runs_unabsorbed ON runs (ended_at, seq) WHERE final = 1 AND number IS NULL;
CREATE INDEX runs_executor ON runs (workspace, executor, seq) WHERE executor IS NOT NULL;
CREATE INDEX runs_open ON runs (seq) WHERE final = 0;
CREATE INDEX runs_command ON runs (workspace, command, seq);
CREATE INDEX runs_cause ON runs (workspace, cause, seq) WHERE cause IS NOT NULL;
CREATE INDEX runs_duration_s ON runs (workspace, duration_class, seq, duration_s) WHERE duration_class IS NOT NULL;
CREATE INDEX runs_cpu_s ON runs (workspace, cpu_class, seq, cpu_s) WHERE cpu_class IS NOT NULL;
CREATE TABLE records (
	seq INTEGER NOT NULL, 
	record BLOB NOT NULL, 
	PRIMARY KEY (seq)
);
CREATE TABLE labels (
	workspace TEXT NOT NULL, 
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	seq BIGINT NOT NULL, 
	PRIMARY KEY (workspace, name, value, seq)
)
 WITHOUT ROWID;
CREATE INDEX labels_run ON labels (seq);
CREATE TABLE memories (
	id INTEGER NOT NULL, 
	workspace TEXT NOT NULL, 
	level TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	learner TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	metric TEXT NOT NULL, 
	memory BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT memories_key UNIQUE (workspace, level, scope, learner, version, metric)
);
CREATE TABLE baselines (
	id INTEGER NOT NULL, 
	workspace TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	last_updated BIGINT NOT NULL, 
	record BLOB NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT baselines_key UNIQUE (workspace, "key")
);
CREATE INDEX baselines_time ON baselines (workspace, last_updated, "key");
CREATE TABLE anomalies (
	serial INTEGER NOT NULL, 
	workspace TEXT NOT NULL, 
	id TEXT NOT NULL, 
	job_id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	type TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	detected_at BIGINT NOT NULL, 
	open INTEGER NOT NULL, 
	acknowledged INTEGER NOT NULL, 
	note TEXT, 
	resolution TEXT, 
	title TEXT NOT NULL, 
	record BLOB NOT NULL, 
	PRIMARY KEY (serial), 
	CONSTRAINT anomalies_id UNIQUE (workspace, id)
);
CREATE INDEX anomalies_moment ON anomalies (detected_at, workspace, id);
CREATE INDEX anomalies_open ON anomalies (workspace, open, detected_at, id);
CREATE INDEX anomalies_severity ON anomalies (workspace, severity, detected_at, id);
CREATE INDEX anomalies_time ON anomalies (workspace, detected_at, id);
CREATE INDEX anomalies_key ON anomalies (workspace, "key", detected_at, id);
CREATE INDEX anomalies_job_id ON anomalies (workspace, job_id, detected_at, id);
CREATE INDEX anomalies_type ON anomalies (workspace, type, detected_at, id);
CREATE TABLE anomaly_runs (
	workspace TEXT NOT NULL, 
	job_id TEXT NOT NULL, 
	anomaly_id TEXT NOT NULL, 
	PRIMARY KEY (workspace, job_id, anomaly_id)
)
 WITHOUT ROWID;
CREATE TABLE recommendations (
	serial INTEGER NOT NULL, 
	workspace TEXT NOT NULL, 
	id TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	score DOUBLE NOT NULL, 
	state TEXT NOT NULL, 
	record BLOB NOT NULL, 
	PRIMARY KEY (serial), 
	CONSTRAINT recommendations_id UNIQUE (workspace, id)
);
CREATE INDEX recommendations_score ON recommendations (workspace, score, id);
CREATE INDEX recommendations_key ON recommendations (workspace, "key");
CREATE INDEX recommendations_state ON recommendations (workspace, state, score, id);
CREATE TABLE decisions (
	serial INTEGER NOT NULL, 
	workspace TEXT NOT NULL, 
	id TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	subject_id TEXT NOT NULL, 
	record BLOB NOT NULL, 
	PRIMARY KEY (serial), 
	CONSTRAINT decisions_id UNIQUE (workspace, id)
);
CREATE INDEX decisions_about ON decisions (workspace, subject, subject_id);
CREATE TABLE requests (
	workspace TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	answer BLOB NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (workspace, "key")
);
CREATE INDEX requests_at ON requests (at);
CREATE TABLE outbox (
	serial INTEGER NOT NULL, 
	workspace TEXT NOT NULL, 
	id TEXT NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_at BIGINT NOT NULL, 
	reason TEXT, 
	record BLOB NOT NULL, 
	PRIMARY KEY (serial), 
	CONSTRAINT outbox_id UNIQUE (workspace, id)
);
CREATE INDEX outbox_due ON outbox (state, next_at, serial);
CREATE TABLE meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE VIRTUAL TABLE texts USING fts5(words, content='', tokenize='unicode61 remove_diacritics 2');
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO meta (name, value) VALUES ('installation', '00112233445566778899aabbccddeeff'), ('watermark', '0');
