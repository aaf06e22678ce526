# SPDX-FileCopyrightText: The mho authors
# SPDX-License-Identifier: Apache-2.0
"""Puts this folder on the path: tiny_run.py is for the tests of both folders."""
