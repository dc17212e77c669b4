#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "broker_api.h"
#include "clock.h"

#define MAX_FILE_BYTES (64 * 1024 * 1024)

static bool make_path(char path[STORE_PATH_BYTES], const char *dir, const char *name, const char *ending)
{
	const char *slash = dir[strlen(dir)-1] == '/' ? "" : "/";

	return snprintf(path, STORE_PATH_BYTES, "%s%sclient-control-%s.json%s", dir, slash, name, ending) < STORE_PATH_BYTES;
}

/* A new file with this text that is on the disk. */
static bool write_file(const char *path, const struct json_text *text)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *stream = file < 0 ? NULL : fdopen(file, "w");

	if(!stream) return false;
	bool is_written = fchmod(file, 0600) == 0 && fwrite(text->text, 1, text->length, stream) == text->length
		&& fflush(stream) == 0 && fsync(file) == 0;
	return fclose(stream) == 0 && is_written;
}

/* The replacing that is under way. Its thread calls nothing of the broker's: that is not made for threads. */
static struct {
	bool is_busy;
	bool has_thread;
	pthread_t thread;
	atomic_bool has_ended;
	int error;               /* an errno; 0: it is stored */
	const char *name;        /* a constant */
	struct json_text text;
	char dir[STORE_PATH_BYTES];
	char path[STORE_PATH_BYTES];
	char new_path[STORE_PATH_BYTES];
	char old_path[STORE_PATH_BYTES];
} work;

/*
 * Replaces the file. The renaming itself has to be on the disk, too; if it cannot be brought there, the file before is put
 * back, so that a broker that starts again does not find what was answered with STORE_FAILED.
 */
static bool replace_file(int folder)
{
	bool had_one, is_first;
	int error;

	unlink(work.old_path);
	had_one = link(work.path, work.old_path) == 0;
	is_first = !had_one && errno == ENOENT;
	if(!write_file(work.new_path, &work.text) || rename(work.new_path, work.path)) return false;
	if(fsync(folder) && errno != EINVAL){ /* some file systems have none for folders */
		error = errno;
		if(had_one){
			(void)rename(work.old_path, work.path);
		}else if(is_first){
			unlink(work.path);
		}
		errno = error;
		return false;
	}
	unlink(work.old_path);
	return true;
}

static void *replace(void *unused)
{
	int folder = open(work.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	work.error = 0;
	if(folder < 0 || !replace_file(folder)) work.error = errno ? errno : EIO;
	if(folder >= 0) close(folder);
	atomic_store(&work.has_ended, true);
	return NULL;
}

/* A thread that gets none of the signals that the broker waits for. */
static bool start_thread(void)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool is_started = pthread_create(&work.thread, NULL, replace, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return is_started;
}

void store_begin(const char *dir, const char *name, struct json_text *text)
{
	work.is_busy = true;
	work.has_thread = false;
	work.name = name;
	work.text = *text;
	memset(text, 0, sizeof(*text));
	atomic_store(&work.has_ended, false);
	if(work.text.failed || snprintf(work.dir, sizeof(work.dir), "%s", dir) >= (int)sizeof(work.dir)
			|| !make_path(work.path, dir, name, "")
			|| !make_path(work.new_path, dir, name, ".new")
			|| !make_path(work.old_path, dir, name, ".old")){
		work.error = work.text.failed ? ENOMEM : ENAMETOOLONG;
		atomic_store(&work.has_ended, true);
		return;
	}
	work.has_thread = start_thread();
	if(!work.has_thread) replace(NULL);
}

bool store_is_busy(void)
{
	return work.is_busy;
}

void store_wait(int64_t us)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	int64_t end = clock_monotonic_us() + us;

	while(!atomic_load(&work.has_ended) && clock_monotonic_us() < end) nanosleep(&pause, NULL);
}

bool store_has_ended(bool waits, bool *is_stored)
{
	if(!waits && !atomic_load(&work.has_ended)) return false;
	if(work.has_thread) pthread_join(work.thread, NULL);
	json_free(&work.text);
	work.is_busy = false;
	*is_stored = work.error == 0;
	if(work.error){
		mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: the %s could not be stored in %s: %s.", work.name,
				work.dir, strerror(work.error));
	}
	return true;
}

void store_cleanup(void)
{
	bool is_stored;

	if(work.is_busy) store_has_ended(true, &is_stored);
}

static char *read_file(int file)
{
	struct stat status;
	size_t length = 0;
	ssize_t got;

	if(fstat(file, &status)) return NULL;
	if(status.st_size > MAX_FILE_BYTES){
		errno = EFBIG;
		return NULL;
	}
	char *text = mosquitto_malloc((size_t)status.st_size+1);
	while(text && (got = read(file, &text[length], (size_t)status.st_size-length)) > 0) length += (size_t)got;
	if(text) text[length] = '\0';
	return text;
}

bool store_read(const char *dir, const char *name, char path[STORE_PATH_BYTES], char **text)
{
	int file = -1;

	*text = NULL;
	errno = ENAMETOOLONG;
	if(make_path(path, dir, name, "")) file = open(path, O_RDONLY | O_CLOEXEC);
	bool is_absent = file < 0 && errno == ENOENT;
	if(file >= 0){
		*text = read_file(file);
		close(file);
	}
	if(!is_absent && !*text){
		mosquitto_log_printf(MOSQ_LOG_ERR, "Error: client-control: %s cannot be read: %s.", path, strerror(errno));
	}
	return is_absent || *text;
}
