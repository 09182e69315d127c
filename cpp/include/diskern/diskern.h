#ifndef DISKERN_DISKERN_H
#define DISKERN_DISKERN_H

/* C interface to trained models. A model is immutable: any number of threads may evaluate it at once.
 *
 *   diskern_model* model = NULL;
 *   if (diskern_model_load("BDTG.diskern", &model) != DISKERN_OK) puts(diskern_last_error());
 *   diskern_model_evaluate(model, variables, &response);
 *   diskern_model_free(model);
 *
 * Strings that a model returns live as long as the model. Functions are only ever added within an ABI version. */

#include <stddef.h>

#include "diskern/export.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DISKERN_ABI_VERSION 1

typedef struct diskern_model diskern_model;

typedef enum diskern_status {
  DISKERN_OK = 0,
  DISKERN_INVALID_ARGUMENT = 1, /* a wrong argument, or a file that cannot be opened */
  DISKERN_FORMAT_ERROR = 2,     /* no model file, or a damaged one */
  DISKERN_FAILURE = 3           /* anything else, such as no memory */
} diskern_status;

/* DISKERN_ABI_VERSION and the version ("0.1.0") of the library that is linked. */
DISKERN_EXPORT int diskern_abi_version(void);
DISKERN_EXPORT const char* diskern_version(void);

/* What went wrong in the last call of this thread that did not return DISKERN_OK; never NULL. */
DISKERN_EXPORT const char* diskern_last_error(void);

/* On failure *model is set to NULL. TMVA's weight files (.weights.xml) are read as well. */
DISKERN_EXPORT diskern_status diskern_model_load(const char* path, diskern_model** model);
DISKERN_EXPORT diskern_status diskern_model_from_bytes(const void* data, size_t size, diskern_model** model);
DISKERN_EXPORT void diskern_model_free(diskern_model* model); /* NULL is allowed */

DISKERN_EXPORT const char* diskern_model_method(const diskern_model* model);
DISKERN_EXPORT const char* diskern_model_title(const diskern_model* model);
DISKERN_EXPORT size_t diskern_model_variable_count(const diskern_model* model);
DISKERN_EXPORT size_t diskern_model_output_count(const diskern_model* model);
/* NULL for an index that is too large. */
DISKERN_EXPORT const char* diskern_model_variable_label(const diskern_model* model, size_t index);
DISKERN_EXPORT const char* diskern_model_variable_expression(const diskern_model* model, size_t index);
DISKERN_EXPORT const char* diskern_model_output_name(const diskern_model* model, size_t index);

/* positions[j] becomes the position in names of variable j, found by label or by expression. */
DISKERN_EXPORT diskern_status diskern_model_bind(const diskern_model* model, const char* const* names, size_t count,
                                                 size_t* positions);

/* One event: variable_count values, output_count responses. Returns no error, starts no thread. Allocates nothing, with
 * three exceptions which keep working memory for each thread from its first event on: range search (PDERS), nearest
 * neighbours of many numbers, and networks of layers of more than 65536 values. */
DISKERN_EXPORT void diskern_model_evaluate(const diskern_model* model, const float* variables, double* outputs);

/* Models of a k-fold training choose the fold by a key (event number, ...); 0 columns for every other model. Such a
 * model answers NaN where no key is given, and diskern_model_evaluate_batch fails. */
DISKERN_EXPORT size_t diskern_model_key_count(const diskern_model* model);
DISKERN_EXPORT const char* diskern_model_key_name(const diskern_model* model, size_t index);
/* One event with its key of key_count values; the responses are NaN for a key without a fold. */
DISKERN_EXPORT void diskern_model_evaluate_with_key(const diskern_model* model, const float* variables,
                                                    const double* key, double* outputs);

/* Events as rows; stride is the number of floats from one row to the next (variable_count for packed rows). outputs has
 * event_count x output_count elements. threads: 1 starts none, 0 takes all that the process may use. */
DISKERN_EXPORT diskern_status diskern_model_evaluate_batch(const diskern_model* model, const float* events,
                                                           size_t event_count, size_t stride, double* outputs,
                                                           int threads);

/* Variables as columns: variable_count pointers to event_count elements each. float64 is rounded to float32 first. */
DISKERN_EXPORT diskern_status diskern_model_evaluate_columns(const diskern_model* model, const float* const* columns,
                                                             size_t event_count, double* outputs, int threads);
DISKERN_EXPORT diskern_status diskern_model_evaluate_double_columns(const diskern_model* model,
                                                                    const double* const* columns, size_t event_count,
                                                                    double* outputs, int threads);

/* Models with densities of their response (booked with CreateMVAPdfs; 1, else 0). The probability of an event with this
 * response to be signal, where signal_fraction of all events are; the part of background with a smaller response. NaN
 * without densities. */
DISKERN_EXPORT int diskern_model_has_response_densities(const diskern_model* model);
DISKERN_EXPORT double diskern_model_probability(const diskern_model* model, double response, double signal_fraction);
DISKERN_EXPORT double diskern_model_rarity(const diskern_model* model, double response);

/* The columns that the variables' expressions read; 0 columns where an expression cannot be computed here. */
DISKERN_EXPORT size_t diskern_model_input_count(const diskern_model* model);
DISKERN_EXPORT const char* diskern_model_input_name(const diskern_model* model, size_t index);
/* One event from input_count columns; the responses are NaN where an expression cannot be computed. */
DISKERN_EXPORT void diskern_model_evaluate_inputs(const diskern_model* model, const double* inputs, double* outputs);

#ifdef __cplusplus
}
#endif

#endif
