/* SPDX-License-Identifier: MIT */
#ifndef TESTS_H
#define TESTS_H

/* One function a file; called by main.c in this order. */
void test_text(void);
void test_log(void);
void test_image(void);
void test_request(void);
void test_server(void);
void test_upload(void);
void test_events(void);

#endif
