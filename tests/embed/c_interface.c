/* The C interface, compiled as C. Returns 0, or the line that failed. */
#include <diskern/diskern.h>
#include <stdlib.h>
#include <string.h>

#define REQUIRE(condition) \
  if (!(condition)) return __LINE__

int check_c_interface(const char* path, const float* events, size_t event_count, const double* expected);

int check_c_interface(const char* path, const float* events, size_t event_count, const double* expected) {
  diskern_model* model = NULL;
  size_t n_variables, n_outputs, i;
  double* responses;
  REQUIRE(diskern_abi_version() == DISKERN_ABI_VERSION);
  REQUIRE(strlen(diskern_version()) >= 5);
  REQUIRE(diskern_model_load("/no/such/file", &model) == DISKERN_INVALID_ARGUMENT);
  REQUIRE(model == NULL && strstr(diskern_last_error(), "/no/such/file") != NULL);
  REQUIRE(diskern_model_from_bytes("rubbish", 7, &model) == DISKERN_FORMAT_ERROR);
  REQUIRE(diskern_model_load(NULL, &model) == DISKERN_INVALID_ARGUMENT);
  diskern_model_free(NULL);

  REQUIRE(diskern_model_load(path, &model) == DISKERN_OK);
  n_variables = diskern_model_variable_count(model);
  n_outputs = diskern_model_output_count(model);
  responses = (double*)malloc(event_count * n_outputs * sizeof(double));
  REQUIRE(responses != NULL);
  for (i = 0; i < event_count; ++i) diskern_model_evaluate(model, events + i * n_variables, responses + i * n_outputs);
  REQUIRE(memcmp(responses, expected, event_count * n_outputs * sizeof(double)) == 0);
  memset(responses, 0, event_count * n_outputs * sizeof(double));
  REQUIRE(diskern_model_evaluate_batch(model, events, event_count, n_variables, responses, 2) == DISKERN_OK);
  REQUIRE(memcmp(responses, expected, event_count * n_outputs * sizeof(double)) == 0);
  /* Every second event of a row stride twice as long. */
  REQUIRE(diskern_model_evaluate_batch(model, events, event_count / 2, 2 * n_variables, responses, 1) == DISKERN_OK);
  for (i = 0; i < event_count / 2; ++i) {
    REQUIRE(memcmp(responses + i * n_outputs, expected + 2 * i * n_outputs, n_outputs * sizeof(double)) == 0);
  }
  if (n_variables > 0) {
    REQUIRE(diskern_model_evaluate_batch(model, events, 1, n_variables - 1, responses, 1) == DISKERN_INVALID_ARGUMENT);
    REQUIRE(strstr(diskern_last_error(), "stride") != NULL);
  }
  {
    float* values = (float*)malloc((n_variables * event_count + 1) * sizeof(float));
    double* double_values = (double*)malloc((n_variables * event_count + 1) * sizeof(double));
    const float** columns = (const float**)malloc((n_variables + 1) * sizeof(float*));
    const double** double_columns = (const double**)malloc((n_variables + 1) * sizeof(double*));
    size_t j;
    REQUIRE(values != NULL && double_values != NULL && columns != NULL && double_columns != NULL);
    for (j = 0; j < n_variables; ++j) {
      columns[j] = values + j * event_count;
      double_columns[j] = double_values + j * event_count;
      for (i = 0; i < event_count; ++i) {
        values[j * event_count + i] = events[i * n_variables + j];
        double_values[j * event_count + i] = events[i * n_variables + j];
      }
    }
    memset(responses, 0, event_count * n_outputs * sizeof(double));
    REQUIRE(diskern_model_evaluate_columns(model, columns, event_count, responses, 2) == DISKERN_OK);
    REQUIRE(memcmp(responses, expected, event_count * n_outputs * sizeof(double)) == 0);
    memset(responses, 0, event_count * n_outputs * sizeof(double));
    REQUIRE(diskern_model_evaluate_double_columns(model, double_columns, event_count, responses, 1) == DISKERN_OK);
    REQUIRE(memcmp(responses, expected, event_count * n_outputs * sizeof(double)) == 0);
    REQUIRE(diskern_model_evaluate_columns(model, NULL, event_count, responses, 1) == DISKERN_INVALID_ARGUMENT);
    REQUIRE(diskern_model_evaluate_columns(model, columns, event_count, NULL, 1) == DISKERN_INVALID_ARGUMENT);
    REQUIRE(strstr(diskern_last_error(), "outputs must not be NULL") != NULL);
    free((void*)double_columns);
    free((void*)columns);
    free(double_values);
    free(values);
  }
  free(responses);

  {
    const char** names = (const char**)malloc(n_variables * sizeof(char*));
    size_t* positions = (size_t*)malloc(n_variables * sizeof(size_t));
    REQUIRE(names != NULL && positions != NULL);
    for (i = 0; i < n_variables; ++i) names[i] = diskern_model_variable_label(model, n_variables - 1 - i);
    REQUIRE(diskern_model_bind(model, names, n_variables, positions) == DISKERN_OK);
    for (i = 0; i < n_variables; ++i) REQUIRE(positions[i] == n_variables - 1 - i);
    names[0] = "no such variable";
    REQUIRE(diskern_model_bind(model, names, n_variables, positions) == DISKERN_INVALID_ARGUMENT);
    free(positions);
    free((void*)names);
  }
  if (diskern_model_has_response_densities(model)) {
    const double probability = diskern_model_probability(model, 0.0, 0.5);
    REQUIRE(probability > 0.0 && probability < 1.0);
    REQUIRE(diskern_model_rarity(model, -1e9) == 0.0 && diskern_model_rarity(model, 1e9) == 1.0);
  } else {
    REQUIRE(diskern_model_probability(model, 0.0, 0.5) != diskern_model_probability(model, 0.0, 0.5));
    REQUIRE(diskern_model_rarity(model, 0.0) != diskern_model_rarity(model, 0.0));
  }
  REQUIRE(diskern_model_variable_label(model, n_variables) == NULL);
  REQUIRE(diskern_model_variable_expression(model, 0) != NULL);
  REQUIRE(diskern_model_output_name(model, 0) != NULL && diskern_model_output_name(model, n_outputs) == NULL);
  REQUIRE(strlen(diskern_model_method(model)) > 0 && diskern_model_title(model) != NULL);
  diskern_model_free(model);
  return 0;
}

int check_c_interface_with_key(const char* path, const float* events, const double* key, size_t event_count,
                               const double* expected);

int check_c_interface_with_key(const char* path, const float* events, const double* key, size_t event_count,
                               const double* expected) {
  diskern_model* model = NULL;
  size_t n_variables, n_outputs, n_key, i;
  double* responses;
  REQUIRE(diskern_model_load(path, &model) == DISKERN_OK);
  n_variables = diskern_model_variable_count(model);
  n_outputs = diskern_model_output_count(model);
  n_key = diskern_model_key_count(model);
  REQUIRE(n_key > 0 && diskern_model_key_name(model, n_key) == NULL);
  REQUIRE(strcmp(diskern_model_key_name(model, n_key - 1), "eventNumber") == 0);
  responses = (double*)malloc(event_count * n_outputs * sizeof(double));
  REQUIRE(responses != NULL);
  for (i = 0; i < event_count; ++i) {
    diskern_model_evaluate_with_key(model, events + i * n_variables, key + i * n_key, responses + i * n_outputs);
  }
  REQUIRE(memcmp(responses, expected, event_count * n_outputs * sizeof(double)) == 0);
  REQUIRE(diskern_model_evaluate_batch(model, events, event_count, n_variables, responses, 1) ==
          DISKERN_INVALID_ARGUMENT);
  REQUIRE(strstr(diskern_last_error(), "eventNumber") != NULL);
  free(responses);
  diskern_model_free(model);
  return 0;
}
